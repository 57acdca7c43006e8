import { maxRequirements, SelectorError } from './syntax.ts';

/** A requirement of a field selector. */
export interface FieldRequirement<F extends string> {
  readonly field: F;
  readonly isEqual: boolean;
  readonly value: string;
}

/** A comma-separated part of the selector. */
interface Term {
  readonly text: string;
  readonly at: number;
}

/**
 * Parses a field selector with the grammar of the API server (k8s.io/apimachinery, pkg/fields, ParseSelector): `a=b`,
 * `a==b`, `a!=b`, separated by commas. In a value, comma, = and \ are escaped with \; white space is significant. An empty
 * selector has no requirements and matches everything. Hand-written, because client-node has no parser.
 *
 * @param fields supported fields
 * @throws SelectorError with the position of the error
 */
export function parseFieldSelector<F extends string>(
  selector: string,
  fields: readonly F[],
): readonly FieldRequirement<F>[] {
  const terms = termsOf(selector).filter(({ text }) => !isEmpty(text));
  const tooMany = terms[maxRequirements];
  if (tooMany) throw new SelectorError(tooMany.at, `more than ${maxRequirements} requirements`);
  return terms.map((term) => parseTerm(term, fields));
}

/** Splits at unescaped commas. */
function termsOf(selector: string): Term[] {
  const commas = [...selector.matchAll(/\\.|,/gs)].filter(([match]) => match === ',').map(({ index }) => index);
  const starts = [0, ...commas.map((comma) => comma + 1)];
  return starts.map((at, number) => ({ text: selector.slice(at, commas[number]), at }));
}

/** The API server also ignores an operator without field and value. */
const isEmpty = (term: string): boolean => ['', '=', '==', '!='].includes(term);

function parseTerm<F extends string>({ text, at }: Term, fields: readonly F[]): FieldRequirement<F> {
  const [operator] = /!=|==|=/.exec(text) ?? [];
  if (operator === undefined) throw new SelectorError(at, 'expected a field, an operator (=, == or !=) and a value');
  const name = text.slice(0, text.indexOf(operator));
  const field = fields.find((one) => one === name);
  if (field === undefined) {
    throw new SelectorError(at, `unsupported field ${quotedName(name)}, must be ${fields.join(' or ')}`);
  }
  const start = name.length + operator.length;
  return { field, isEqual: operator !== '!=', value: unescapeValue(text.slice(start), at + start) };
}

/** @param at index of the value in the selector */
function unescapeValue(value: string, at: number): string {
  let unescaped = '';
  for (let index = 0; index < value.length; index += 1) {
    const character = value[index] ?? '';
    if (character === '=') throw new SelectorError(at + index, 'unescaped = in a value');
    if (character === '\\') index += 1;
    const next = value[index] ?? '';
    if (character === '\\' && !['\\', ',', '='].includes(next)) {
      throw new SelectorError(at + index - 1, 'invalid escape, \\ must precede a comma, = or \\');
    }
    unescaped += next;
  }
  return unescaped;
}

const maxPrintedLength = 64;

/** Quotes a field name, which can contain anything, for an error message. */
const quotedName = (name: string): string => `"${name.replace(/[^\w.[\]/-]/g, '?').slice(0, maxPrintedLength)}"`;
