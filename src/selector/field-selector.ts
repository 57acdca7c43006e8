import { maxRequirements, SelectorError } from './selector-error.ts';

/** One of the conditions of a field selector; all must hold. */
export interface FieldRequirement<F extends string> {
  readonly field: F;
  readonly isEqual: boolean;
  readonly value: string;
}

/** A part of the selector between commas. */
interface Term {
  readonly text: string;
  readonly at: number;
}

/**
 * Reads a field selector by the grammar of the API server (k8s.io/apimachinery, pkg/fields, ParseSelector): `a=b`,
 * `a==b`, `a!=b`, several with commas between. In a value a comma, = and \ have a \ before them; blanks count. An empty
 * selector has no requirements and so matches everything.
 *
 * @param fields that can be selected by
 * @throws SelectorError that says where it ceases to be one, or which field is none of them
 */
export function parseFieldSelector<F extends string>(
  selector: string,
  fields: readonly F[],
): readonly FieldRequirement<F>[] {
  const terms = termsOf(selector).filter(({ text }) => !isNothing(text));
  const tooMany = terms[maxRequirements];
  if (tooMany) throw new SelectorError(tooMany.at, `${maxRequirements} requirements at most`);
  return terms.map((term) => parseTerm(term, fields));
}

/** Whether all requirements hold. */
export function matchesFields<F extends string>(
  requirements: readonly FieldRequirement<F>[],
  values: Readonly<Record<F, string>>,
): boolean {
  return requirements.every(({ field, isEqual, value }) => (values[field] === value) === isEqual);
}

/** Cuts at each comma that has no \ before it. */
function termsOf(selector: string): Term[] {
  const commas = [...selector.matchAll(/\\.|,/gs)].filter(([match]) => match === ',').map(({ index }) => index);
  const starts = [0, ...commas.map((comma) => comma + 1)];
  return starts.map((at, number) => ({ text: selector.slice(at, commas[number]), at }));
}

/** An operator between nothing and nothing counts as no requirement in the API server too. */
const isNothing = (term: string): boolean => ['', '=', '==', '!='].includes(term);

function parseTerm<F extends string>({ text, at }: Term, fields: readonly F[]): FieldRequirement<F> {
  const [operator] = /!=|==|=/.exec(text) ?? [];
  if (operator === undefined) throw new SelectorError(at, 'expected a field, one of = == != and a value');
  const name = text.slice(0, text.indexOf(operator));
  const field = fields.find((one) => one === name);
  if (field === undefined)
    throw new SelectorError(at, `${printable(name)} is no field to select by, ${fields.join(' and ')} are`);
  const start = name.length + operator.length;
  return { field, isEqual: operator !== '!=', value: plainValue(text.slice(start), at + start) };
}

/** @param at where the value begins */
function plainValue(value: string, at: number): string {
  let plain = '';
  for (let index = 0; index < value.length; index += 1) {
    const character = value[index] ?? '';
    if (character === '=') throw new SelectorError(at + index, '= in a value must have a \\ before it');
    if (character === '\\') index += 1;
    const next = value[index] ?? '';
    if (character === '\\' && !['\\', ',', '='].includes(next)) {
      throw new SelectorError(at + index - 1, 'a \\ must stand before a comma, = or \\');
    }
    plain += next;
  }
  return plain;
}

const maxName = 64;

/** A field's name is not a secret, but may be anything. */
const printable = (name: string): string => `"${name.replace(/[^\w.[\]/-]/g, '?').slice(0, maxName)}"`;
