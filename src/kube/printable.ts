/**
 * Text of others, such as a name or message of the cluster, before it is shown: on a terminal, or in a log, a condition or an
 * Event, which other programs print on one. Pure.
 */

/**
 * Control characters, which a terminal executes (C0 and C1), and invisible ones, which change the order of the text or hide
 * parts of it. The CRD rejects only some of them.
 */
const unsafe = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** @returns the text in one line, with a question mark in place of each unsafe character */
export function printable(text: string): string {
  return text.replace(unsafe, '?');
}

/** Line breaks and tabs, with the indentation that follows. */
const breaks = /[\t-\r\u0085\u2028\u2029]+\s*/g;

/**
 * For a text that is stored in the cluster, such as the message of a condition.
 *
 * @returns the text in one line with spaces in place of line breaks and tabs, a question mark in place of each other unsafe
 *   character, and at most `maxBytes` of UTF-8
 */
export function oneLine(text: string, maxBytes: number): string {
  // Cut twice: a longer text costs nothing, and U+FFFD is longer than a lone surrogate.
  const short = text.slice(0, maxBytes).toWellFormed();
  return truncate(printable(short.replace(breaks, ' ')), maxBytes);
}

/** Longest name of an object in Kubernetes (RFC 1123 subdomain). References to objects can contain longer ones. */
const maxNameLength = 253;

/** @returns the name that one object gives to another one, in one line and at most as long as a name can be */
export function printableName(text: string): string {
  return printable(text.slice(0, maxNameLength).toWellFormed());
}

/** @returns the longest prefix of whole characters that fits into `maxBytes` of UTF-8 */
function truncate(text: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
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
