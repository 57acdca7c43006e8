import type { HonoRequest } from 'hono';
import { PlatformError, violation } from './errors.ts';

export const formType = 'application/x-www-form-urlencoded';
export const jsonType = 'application/json';

/** The text of a body, and what it is; an empty one without a Content-Type is an empty form. */
export interface Body {
  type: typeof formType | typeof jsonType;
  text: string;
}

const mediaType = /^([\w.+-]+\/[\w.+-]+)\s*(?:;\s*charset=("?)utf-8\2\s*)?$/i;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads the body of a request.
 *
 * @param types the media types that are taken
 * @throws PlatformError 415 for another type, another charset than UTF-8 or a content coding; 400 for what is not UTF-8
 */
export async function readBody(request: HonoRequest, types: readonly Body['type'][]): Promise<Body> {
  const header = request.header('Content-Type');
  const name = mediaType.exec(header ?? '')?.[1]?.toLowerCase();
  const type = types.find((one) => one === name);
  const bytes = await request.arrayBuffer();
  const isEmpty = header === undefined && bytes.byteLength === 0;
  if (request.header('Content-Encoding') !== undefined || (!type && !isEmpty)) {
    throw new PlatformError('unsupportedMediaType', `Content-Type: must be ${types.join(' or ')}, in UTF-8`);
  }
  return { type: type ?? formType, text: decode(bytes) };
}

function decode(bytes: ArrayBuffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw violation('body', 'must be UTF-8');
  }
}

/** The parameters of a form, repeated ones repeatedly (WHATWG URL, application/x-www-form-urlencoded). */
export function formEntries(text: string): [string, string][] {
  return [...new URLSearchParams(text)];
}

/**
 * The members of a JSON object, repeated ones repeatedly: RFC 8259 section 4 leaves open what a repeated name means, so
 * nobody should have to guess. A number is given as its text.
 *
 * @throws PlatformError 400 when it is no JSON object
 */
export function jsonEntries(text: string): [string, unknown][] {
  const members = Object.entries(parseObject(text)).map(([name, value]): [string, unknown] => [name, plain(value)]);
  return [...members, ...repeatedNames(text).map((name): [string, unknown] => [name, ''])];
}

/** Every string that a colon follows is a name, since the text is known to be JSON. */
function repeatedNames(text: string): string[] {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const [, quoted = '""', colon] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*(:?)/g)) {
    if (colon === '') continue;
    const name = JSON.parse(quoted) as string;
    (seen.has(name) ? repeated : seen).add(name);
  }
  return [...repeated];
}

function parseObject(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw violation('body', 'must be JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw violation('body', 'must be a JSON object');
  }
  return value;
}

/** A list is no repeated parameter here, so it is no list to the rules of parameters. */
function plain(value: unknown): unknown {
  if (typeof value === 'number') return String(value);
  return Array.isArray(value) ? {} : value;
}
