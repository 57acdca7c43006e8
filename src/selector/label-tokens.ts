import { SelectorError } from './selector-error.ts';

/** A piece of a label selector. */
export interface Token {
  readonly kind: 'text' | 'in' | 'notin' | '=' | '==' | '!=' | '!' | '<' | '>' | '(' | ')' | ',' | 'end';
  readonly text: string;
  /** Index of its first character, from 0. */
  readonly at: number;
}

/** Blanks, then the longest symbol, or what is neither blank nor symbol. */
const piece = /[ \t\r\n]*(?:(==|!=|[=!<>(),])|([^=!<>(), \t\r\n]+)|$)/y;

/**
 * Takes a label selector to pieces as the API server does (k8s.io/apimachinery, pkg/labels, Lexer), except that NUL is
 * refused: there it ends the selector, and what follows is not looked at.
 *
 * @returns the tokens, the last of kind `end`
 * @throws SelectorError for NUL
 */
export function tokensOf(selector: string): readonly Token[] {
  const nul = selector.indexOf('\0');
  if (nul >= 0) throw new SelectorError(nul, 'must not be NUL');
  const pieces = new RegExp(piece);
  const tokens: Token[] = [];
  for (;;) {
    const [all = '', symbol, word] = pieces.exec(selector) ?? [];
    const text = symbol ?? word ?? '';
    const at = pieces.lastIndex - text.length;
    tokens.push({ kind: kindOf(symbol, word), text, at: all === '' ? selector.length : at });
    if (text === '') return tokens;
  }
}

function kindOf(symbol: string | undefined, word: string | undefined): Token['kind'] {
  if (symbol !== undefined) return symbol as Token['kind'];
  if (word === undefined) return 'end';
  return word === 'in' || word === 'notin' ? word : 'text';
}
