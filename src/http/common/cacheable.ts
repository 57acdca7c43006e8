import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context, TypedResponse } from 'hono';
import type { JSONParsed } from 'hono/utils/types';
import type { Environment } from './environment.ts';

const compress = promisify(gzip);

/** Smaller answers fit into one packet, compressed or not; bytes. */
export const worthCompressing = 1_024;

/** Of a person's data: no shared cache keeps it, and every other one asks again whether it is still so. */
export const privateAnswer = 'private, no-cache';

/**
 * Answers with data that a client may keep and ask for again: with an entity tag (304 when the client has it already) and
 * compressed when it likes. Never for a secret: compression would tell something of it by the size (BREACH), which is why
 * answers are compressed here and not by a middleware for all.
 *
 * The tag is a weak one, since the compressed and the plain form have the same (RFC 9110 section 8.8.3).
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

/** How a text is to be answered. */
interface AnswerOptions {
  type: string;
  cacheControl: string;
}

/** As above, with what is text already. */
export function answerText(context: Context<Environment>, text: string, options: AnswerOptions): Promise<Response> {
  return answerRepresentation(context, representationOf(text), options);
}

/** A text with what is made of it once, however often it is answered. */
export interface Representation {
  readonly text: string;
  /** A weak entity tag. */
  readonly tag: string;
  /** By gzip; made when it is first asked for, and kept. */
  compressed(): Promise<Uint8Array<ArrayBuffer>>;
}

export function representationOf(text: string): Representation {
  return { text, tag: `W/"${hash('sha256', text, 'base64url')}"`, compressed: compressedOnce(text) };
}

/** Compresses by gzip when it is first asked for, and keeps what came of it. */
export function compressedOnce(content: string | Uint8Array): () => Promise<Uint8Array<ArrayBuffer>> {
  let compressed: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return () => {
    compressed ??= compress(content).then((bytes) => new Uint8Array(bytes));
    return compressed;
  };
}

/** As above, for a text that is answered again and again. */
export async function answerRepresentation(
  context: Context<Environment>,
  { text, tag, compressed }: Representation,
  { type, cacheControl }: AnswerOptions,
): Promise<Response> {
  const headers = { ETag: tag, 'Cache-Control': cacheControl, Vary: 'Accept-Encoding' };
  for (const [name, value] of Object.entries(headers)) context.header(name, value);
  if (hasTag(context.req.header('If-None-Match'), tag)) return context.body(null, 304);
  context.header('Content-Type', type);
  if (Buffer.byteLength(text) < worthCompressing || !acceptsGzip(context.req.header('Accept-Encoding'))) {
    return context.body(text, 200);
  }
  context.header('Content-Encoding', 'gzip');
  return context.body(await compressed(), 200);
}

/**
 * Whether If-None-Match names the tag, by weak comparison (RFC 9110 sections 13.1.2 and 8.8.3.2).
 *
 * @param tag a weak entity tag
 */
export function hasTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const opaque = tag.slice('W/'.length);
  return header.trim() === '*' || header.match(/"[\x21\x23-\x7e\x80-\xff]*"/g)?.some((one) => one === opaque) === true;
}

/** Whether Accept-Encoding allows gzip (RFC 9110 section 12.5.3): by its name, else by `*`, with a weight over 0. */
export function acceptsGzip(header = ''): boolean {
  const weights = new Map(header.split(',').map(parseCoding));
  return (weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0) > 0;
}

function parseCoding(item: string): [string, number] {
  const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((one) => one.startsWith('q='));
  return [name, weight === undefined ? 1 : Number(weight.slice(2))];
}
