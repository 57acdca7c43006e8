import type { Context, TypedResponse } from 'hono';
import type { JSONParsed } from 'hono/utils/types';
import type { Environment } from './environment.ts';
import { partedRepresentationOf, type Representation } from './representation.ts';
import { parseWeighted } from './weighted.ts';

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
  const answer = await answerText(context, [JSON.stringify(body)], { type: 'application/json', cacheControl });
  return answer as Response & TypedResponse<JSONParsed<T>, 200, 'json'>;
}

/** A list whose items are created when they are sent. */
interface LazyList<S, T, P> {
  sources: readonly S[];
  /** Must return the same each time. */
  toItem(source: S): T;
  pagination: P;
}

/** Like answerCacheable, for a list: a long one that waits for its client has neither its items nor their text. */
export async function answerList<S, T, P>(
  context: Context<Environment>,
  { sources, toItem, pagination }: LazyList<S, T, P>,
  cacheControl: string,
): Promise<Response & TypedResponse<JSONParsed<{ items: T[]; pagination: P }>, 200, 'json'>> {
  const parts: Iterable<string> = {
    *[Symbol.iterator]() {
      yield '{"items":[';
      for (const [index, one] of sources.entries()) yield `${index === 0 ? '' : ','}${JSON.stringify(toItem(one))}`;
      yield `],"pagination":${JSON.stringify(pagination)}}`;
    },
  };
  return (await answerText(context, parts, { type: 'application/json', cacheControl })) as never;
}

/** Headers of a response. */
interface AnswerOptions {
  type: string;
  cacheControl: string;
}

/**
 * Like answerCacheable, for a text in parts. A long one is neither joined nor copied: the parts are read for the tag, and
 * again while the client reads the response, and must be the same then.
 */
export function answerText(
  context: Context<Environment>,
  parts: Iterable<string>,
  options: AnswerOptions,
): Promise<Response> {
  return answerRepresentation(context, partedRepresentationOf(parts), options);
}

/** Like answerCacheable, for a representation. */
export async function answerRepresentation(
  context: Context<Environment>,
  representation: Representation,
  { type, cacheControl }: AnswerOptions,
): Promise<Response> {
  const { tag, size } = representation;
  const headers = { ETag: tag, 'Cache-Control': cacheControl, Vary: 'Accept-Encoding' };
  for (const [name, value] of Object.entries(headers)) context.header(name, value);
  if (hasTag(context.req.header('If-None-Match'), tag)) return context.body(null, 304);
  context.header('Content-Type', type);
  if (size < minCompressedSize || !acceptsGzip(context.req.header('Accept-Encoding')))
    return representation.answerPlain(context);
  context.header('Content-Encoding', 'gzip');
  return representation.answerCompressed(context);
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
