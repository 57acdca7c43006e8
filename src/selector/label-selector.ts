import { isLabelKey, isLabelValue, maxRequirements, SelectorError, type Token, toInt64, tokensOf } from './syntax.ts';

/** A requirement of a label selector. */
export type LabelRequirement =
  | { readonly key: string; readonly operator: 'exists' | 'absent' }
  | { readonly key: string; readonly operator: 'in' | 'notin'; readonly values: ReadonlySet<string> }
  | { readonly key: string; readonly operator: 'above' | 'below'; readonly bound: bigint };

/**
 * Parses a label selector with the grammar of the API server (k8s.io/apimachinery, pkg/labels, Parse): `a`, `!a`, `a=b`,
 * `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a>1`, `a<1`, separated by commas. An empty selector has no requirements
 * and matches everything. Hand-written, because client-node has no parser.
 *
 * @throws SelectorError with the position of the error
 */
export function parseLabelSelector(selector: string): readonly LabelRequirement[] {
  const tokens = createReader(tokensOf(selector));
  const requirements: LabelRequirement[] = [];
  if (tokens.peek().kind === 'end') return requirements;
  for (;;) {
    if (requirements.length === maxRequirements) {
      throw errorAt(tokens.peek(), `more than ${maxRequirements} requirements`);
    }
    requirements.push(parseRequirement(tokens));
    const { kind } = expect(tokens.next(), [',', 'end'], 'a comma or the end');
    if (kind === 'end') return requirements;
  }
}

/**
 * Whether a label meets the requirement. A missing label is not equal to any value, and neither above nor below a bound.
 *
 * @param value undefined if the label is missing
 */
export function matchesLabel(requirement: LabelRequirement, value: string | undefined): boolean {
  switch (requirement.operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && requirement.values.has(value);
    case 'notin':
      return value === undefined || !requirement.values.has(value);
    default:
      return isBeyond(requirement.operator, toInt64(value ?? ''), requirement.bound);
  }
}

function isBeyond(operator: 'above' | 'below', value: bigint | undefined, bound: bigint): boolean {
  if (value === undefined) return false;
  return operator === 'above' ? value > bound : value < bound;
}

interface Reader {
  peek(): Token;
  next(): Token;
}

/** `next` stays at the end token. */
function createReader(tokens: readonly Token[]): Reader {
  let position = 0;
  const peek = () => tokens[position] as Token;
  return {
    peek,
    next() {
      const token = peek();
      if (token.kind !== 'end') position += 1;
      return token;
    },
  };
}

function parseRequirement(tokens: Reader): LabelRequirement {
  const isNegated = tokens.peek().kind === '!';
  if (isNegated) tokens.next();
  const key = parseKey(tokens.next());
  const isLast = [',', 'end'].includes(tokens.peek().kind);
  if (isNegated || isLast) return { key, operator: isNegated ? 'absent' : 'exists' };
  const operator = tokens.next();
  switch (operator.kind) {
    case '=':
    case '==':
      return { key, operator: 'in', values: new Set([parseValue(tokens).text]) };
    case '!=':
      return { key, operator: 'notin', values: new Set([parseValue(tokens).text]) };
    case 'in':
    case 'notin':
      return { key, operator: operator.kind, values: parseValues(tokens) };
    case '>':
    case '<':
      return { key, operator: operator.kind === '>' ? 'above' : 'below', bound: parseBound(tokens) };
    default:
      throw errorAt(operator, 'expected an operator: =, ==, !=, in, notin, < or >');
  }
}

function parseKey(token: Token): string {
  const { text } = expectText(token, 'a label key');
  if (!isLabelKey(text)) throw errorAt(token, 'must be a label key, for example app or example.com/app');
  return text;
}

/** Parses one value. At the end of the requirement it is the empty value, as in `a=`. */
function parseValue(tokens: Reader): Token {
  const token = tokens.peek();
  if (token.kind === ',' || token.kind === 'end') return { kind: 'text', text: '', at: token.at };
  return requireValue(tokens.next());
}

function parseBound(tokens: Reader): bigint {
  const token = parseValue(tokens);
  const bound = toInt64(token.text);
  if (bound === undefined) throw errorAt(token, 'must be a non-negative 64-bit integer');
  return bound;
}

/**
 * Parses values in parentheses. A missing value is the empty value: `()` and `(,)` contain only that, `(a,)`, `(,a)` and
 * `(a,,b)` contain it in addition to the others.
 */
function parseValues(tokens: Reader): ReadonlySet<string> {
  const values = new Set<string>();
  expect(tokens.next(), ['('], 'an opening parenthesis');
  if (tokens.peek().kind === ')') values.add('');
  while (tokens.peek().kind !== ')') {
    if (tokens.peek().kind === ',') {
      tokens.next();
      if (values.size === 0 || [',', ')'].includes(tokens.peek().kind)) values.add('');
    } else {
      values.add(requireValue(tokens.next()).text);
      expect(tokens.peek(), [',', ')'], 'a comma or a closing parenthesis');
    }
  }
  tokens.next();
  return values;
}

/** `in` and `notin` are text where an operator cannot occur. */
const isText = ({ kind }: Token): boolean => kind === 'text' || kind === 'in' || kind === 'notin';

function requireValue(token: Token): Token {
  const value = expectText(token, 'a value');
  const rule =
    'must be a label value: at most 63 letters, digits, -, _ and ., starting and ending with a letter or digit';
  if (!isLabelValue(value.text)) throw errorAt(token, rule);
  return value;
}

function expectText(token: Token, what: string): Token {
  if (!isText(token)) throw errorAt(token, `expected ${what}`);
  return token;
}

function expect(token: Token, kinds: readonly Token['kind'][], what: string): Token {
  if (!kinds.includes(token.kind)) throw errorAt(token, `expected ${what}`);
  return token;
}

const errorAt = ({ at }: Token, rule: string) => new SelectorError(at, rule);
