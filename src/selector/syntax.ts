/** Syntax of selectors: the error, the tokens of label selectors, and the form of label keys and values. */
import { isDnsSubdomain } from '../kube/names.ts';

/** Maximum number of requirements in a selector, since each is checked on every object. The API server has no limit. */
export const maxRequirements = 100;

/** An invalid selector. The message has the position and the rule, but no part of a value. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';

  /** @param at index of the character, starting at 0 */
  constructor(at: number, rule: string) {
    super(`at character ${at + 1}: ${rule}`);
  }
}

/** A token of a label selector. */
export interface Token {
  readonly kind: 'text' | 'in' | 'notin' | '=' | '==' | '!=' | '!' | '<' | '>' | '(' | ')' | ',' | 'end';
  readonly text: string;
  /** Index of the first character, starting at 0. */
  readonly at: number;
}

/** White space, then the longest symbol or word. */
const tokenPattern = /[ \t\r\n]*(?:(==|!=|[=!<>(),])|([^=!<>(), \t\r\n]+)|$)/y;

/**
 * Splits a label selector as the API server does (k8s.io/apimachinery, pkg/labels, Lexer). Only NUL differs: the API server
 * silently ignores everything after it.
 *
 * @returns the tokens; the last one is of kind `end`
 * @throws SelectorError for NUL
 */
export function tokensOf(selector: string): readonly Token[] {
  const nul = selector.indexOf('\0');
  if (nul >= 0) throw new SelectorError(nul, 'NUL is not allowed');
  const pattern = new RegExp(tokenPattern);
  const tokens: Token[] = [];
  for (;;) {
    const [all = '', symbol, word] = pattern.exec(selector) ?? [];
    const text = symbol ?? word ?? '';
    const at = pattern.lastIndex - text.length;
    tokens.push({ kind: kindOf(symbol, word), text, at: all === '' ? selector.length : at });
    if (text === '') return tokens;
  }
}

function kindOf(symbol: string | undefined, word: string | undefined): Token['kind'] {
  if (symbol !== undefined) return symbol as Token['kind'];
  if (word === undefined) return 'end';
  return word === 'in' || word === 'notin' ? word : 'text';
}

const maxNameLength = 63;

/** IsQualifiedName and IsValidLabelValue of apimachinery. */
const namePattern = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** Whether `key` is a name of at most 63 characters, optionally after a DNS subdomain and a slash. */
export function isLabelKey(key: string): boolean {
  const parts = key.split('/');
  if (parts.length > 2) return false;
  const [domain, last = ''] = parts.length === 2 ? parts : [undefined, key];
  return isName(last) && (domain === undefined || isDnsSubdomain(domain));
}

/** Whether `value` is empty or a name of at most 63 characters. */
export function isLabelValue(value: string): boolean {
  return value === '' || isName(value);
}

const isName = (text: string): boolean => text.length <= maxNameLength && namePattern.test(text);

const maxInt64 = 2n ** 63n - 1n;

/**
 * A label value has no sign. Parsing a longer text, which a registered cluster can send, could block the process.
 *
 * @returns the label value as a 64-bit integer, or undefined
 */
export function toInt64(value: string): bigint | undefined {
  if (value.length > maxNameLength || !/^[0-9]+$/.test(value)) return undefined;
  const number = BigInt(value);
  return number <= maxInt64 ? number : undefined;
}
