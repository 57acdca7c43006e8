/** Text of others, such as a name or message of the cluster, on the terminal of the user; pure. */

/**
 * Control characters, which a terminal executes (C0 and C1), and invisible ones, which change the order of the text or hide
 * parts of it. The CRD rejects only some of them.
 */
const unsafe = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** @returns the text in one line, with a question mark in place of each unsafe character */
export function printable(text: string): string {
  return text.replace(unsafe, '?');
}

/** @returns the text with its line breaks, and each line as `printable` returns it */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** @returns formatted JSON of the same value, whose strings contain no unsafe character */
export function printableJSON(json: string): string {
  return escapeInStrings(json, (character) =>
    utf16(character)
      .map((unit) => `\\u${hex(unit, 4)}`)
      .join(''),
  );
}

/** @param yaml whose strings are in double quotes if they contain an unsafe character */
export function printableYAML(yaml: string): string {
  return escapeInStrings(yaml, (character) => `\\U${hex(character.codePointAt(0) ?? 0, 8)}`);
}

/** Unsafe characters other than the line breaks of the format are only in strings. */
function escapeInStrings(text: string, escaped: (character: string) => string): string {
  return text.replace(unsafe, (character) => (character === '\n' ? character : escaped(character)));
}

function utf16(character: string): number[] {
  return Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
