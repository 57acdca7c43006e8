import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context, TypedResponse } from 'hono';
import type { JSONParsed } from 'hono/utils/types';
import type { Environment } from './environment.ts';
import { answerBody } from './large-body.ts';
import { parseWeighted } from './weighted.ts';

const compress = promisify(gzip);

/** Smaller responses fit into one packet even without compression; bytes. */
export const minCompressedSize = 1_024;

/** Cache-Control for data of a user: no shared cache stores it, and every other cache revalidates it. */
export const privateAnswer = 'private, no-cache';

/**
 * Responds with JSON that clients may cache: with an entity tag (304 if it matches If-None-Match), and compressed if the
 * client accepts it. Must not be used for secrets: the size of compressed data reveals information about them (BREACH).
 * Responses are therefore compressed here and not in a middleware for all routes.
 *
 * The tag is weak, because the compressed and the uncompressed form share it (RFC 9110 section 8.8.3).
 *
 * @param cacheControl value of Cache-Control
 */
export async function answerCacheable<T>(
  context: Context<Environment>,
  body: T,
  cacheControl: string,
): Promise<Response & TypedResponse<JSONParsed<T>, 200, 'json'>> {
  const answer = await answerText(context, JSON.stringify(body), { type: 'application/json', cacheControl });
  return answer as Response & TypedResponse<JSONParsed<T>, 200, 'json'>;
}

/** Headers of a response. */
interface AnswerOptions {
  type: string;
  cacheControl: string;
}

/** Like answerCacheable, for text. */
export function answerText(context: Context<Environment>, text: string, options: AnswerOptions): Promise<Response> {
  return answerRepresentation(context, representationOf(text), options);
}

/** A text with its entity tag and compressed form, for repeated responses. */
export interface Representation {
  readonly text: string;
  /** A weak entity tag. */
  readonly tag: string;
  /** The text as UTF-8, cached after the first call. */
  encoded(): Uint8Array<ArrayBuffer>;
  /** The text compressed with gzip, cached after the first call. */
  compressed(): Promise<Uint8Array<ArrayBuffer>>;
}

export function representationOf(text: string): Representation {
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  const encoded = () => {
    bytes ??= new TextEncoder().encode(text);
    return bytes;
  };
  return { text, tag: `W/"${hash('sha256', text, 'base64url')}"`, encoded, compressed: compressedOnce(text) };
}

/** @returns a function that compresses the content with gzip, once */
export function compressedOnce(content: string | Uint8Array): () => Promise<Uint8Array<ArrayBuffer>> {
  let compressed: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return () => {
    compressed ??= compress(content).then((bytes) => new Uint8Array(bytes));
    return compressed;
  };
}

/** Like answerCacheable, for a representation. */
export async function answerRepresentation(
  context: Context<Environment>,
  { text, tag, encoded, compressed }: Representation,
  { type, cacheControl }: AnswerOptions,
): Promise<Response> {
  const headers = { ETag: tag, 'Cache-Control': cacheControl, Vary: 'Accept-Encoding' };
  for (const [name, value] of Object.entries(headers)) context.header(name, value);
  if (hasTag(context.req.header('If-None-Match'), tag)) return context.body(null, 304);
  context.header('Content-Type', type);
  if (Buffer.byteLength(text) < minCompressedSize || !acceptsGzip(context.req.header('Accept-Encoding'))) {
    return answerBody(context, text, encoded);
  }
  context.header('Content-Encoding', 'gzip');
  return answerBody(context, await compressed());
}

/**
 * Whether If-None-Match contains the tag, with weak comparison (RFC 9110 sections 13.1.2 and 8.8.3.2).
 *
 * @param tag a weak entity tag
 */
export function hasTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const opaque = tag.slice('W/'.length);
  return header.trim() === '*' || header.match(/"[\x21\x23-\x7e\x80-\xff]*"/g)?.some((one) => one === opaque) === true;
}

/**
 * Whether Accept-Encoding accepts gzip (RFC 9110 section 12.5.3): by name or `*`, with a weight greater than 0. Hono's
 * `accepts` ignores `*`.
 */
export function acceptsGzip(header = ''): boolean {
  const weights = new Map(parseWeighted(header).map(({ name, weight }) => [name, weight]));
  return (weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0) > 0;
}
