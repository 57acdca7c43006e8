import { isAscii } from 'node:buffer';
import { MIMEType } from 'node:util';
import type { HonoRequest } from 'hono';
import { PlatformError, violation } from './errors.ts';
import { countParameters, requireFewParameters } from './parameter-limit.ts';

export const formType = 'application/x-www-form-urlencoded';
export const jsonType = 'application/json';

/** A decoded body. An empty body without a Content-Type is an empty form. */
export interface Body {
  type: typeof formType | typeof jsonType;
  text: string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads the body of a request.
 *
 * @param types accepted media types
 * @throws PlatformError 415 for another type, an unsupported charset or a content coding; 400 for invalid UTF-8
 */
export async function readBody(request: HonoRequest, types: readonly Body['type'][]): Promise<Body> {
  const header = request.header('Content-Type');
  const bytes = await request.arrayBuffer();
  requireNoCoding(request.header('Content-Encoding'));
  if (header === undefined && bytes.byteLength === 0) return { type: formType, text: '' };
  const media = parseMediaType(header ?? '');
  const type = types.find((one) => one === media?.essence);
  if (!type || !isUtf8(bytes, media?.charset)) {
    throw new PlatformError('unsupportedMediaType', `Content-Type: must be ${types.join(' or ')}, in UTF-8`);
  }
  return { type, text: decode(bytes) };
}

/** An empty header means no coding. @throws PlatformError 415 */
function requireNoCoding(header = ''): void {
  if (/^(?:identity)?$/i.test(header)) return;
  // RFC 9110 section 12.5.3.
  const headers = { 'Accept-Encoding': 'identity' };
  throw new PlatformError('unsupportedMediaType', 'Content-Encoding: must be identity', { headers });
}

/** Maximum length of a Content-Type, characters: the time of MIMEType grows with the square of the length. */
const maxTypeLength = 256;

/** @returns the media type and the name of its charset in the Encoding Standard; undefined if one of them is invalid */
function parseMediaType(header: string): { essence: string; charset: string } | undefined {
  if (header.length > maxTypeLength) return undefined;
  try {
    const { essence, params } = new MIMEType(header);
    return { essence, charset: new TextDecoder(params.get('charset') ?? 'utf-8').encoding };
  } catch {
    return undefined;
  }
}

/**
 * Whether a body with this charset is also UTF-8. Apache HttpClient declares ISO-8859-1 for forms by default; the Encoding
 * Standard treats it and US-ASCII as windows-1252. A form is ASCII because it is percent-encoded.
 */
function isUtf8(bytes: ArrayBuffer, charset: string | undefined): boolean {
  return charset === 'utf-8' || (charset === 'windows-1252' && isAscii(bytes));
}

function decode(bytes: ArrayBuffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw violation('body', 'must be UTF-8');
  }
}

/**
 * @returns the parameters of a form, including repeated ones (WHATWG URL, application/x-www-form-urlencoded)
 * @throws PlatformError 400 if there are too many
 */
export function formEntries(text: string): [string, string][] {
  requireFewParameters(countParameters(text), 'body');
  return [...new URLSearchParams(text)];
}

/**
 * Reads the members of a JSON object, including repeated names, whose meaning RFC 8259 section 4 leaves undefined.
 * Numbers are converted to text.
 *
 * @throws PlatformError 400 if the text is not a JSON object
 */
export function jsonEntries(text: string): [string, unknown][] {
  requireObject(text);
  return splitMembers(text).map(([name, value]) => [name, toParameter(value)]);
}

function requireObject(text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw violation('body', 'must be JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw violation('body', 'must be a JSON object');
  }
}

/**
 * Splits a JSON object into its members, in one pass. JSON.parse would drop repeated names.
 *
 * @param text a valid JSON object
 */
function splitMembers(text: string): [string, unknown][] {
  const members: [string, unknown][] = [];
  let start = text.indexOf('{') + 1;
  let colon = 0;
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') depth += 1;
    else if (depth > 0 && (character === '}' || character === ']')) depth -= 1;
    else if (depth === 0 && character === ':') colon = at;
    else if (depth === 0 && (character === ',' || character === '}')) {
      if (colon > start) members.push([JSON.parse(text.slice(start, colon)), JSON.parse(text.slice(colon + 1, at))]);
      start = at + 1;
    }
  }
  return members;
}

/** @returns the position of the closing quotation mark */
function endOfString(text: string, open: number): number {
  let at = open + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** gather() represents a repeated parameter as a list, so a list in JSON must not look like one. */
function toParameter(value: unknown): unknown {
  if (typeof value === 'number') return String(value);
  return Array.isArray(value) ? {} : value;
}
