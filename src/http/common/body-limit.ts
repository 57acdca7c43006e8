import type { IncomingMessage } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { networkOf } from './client-address.ts';
import { PlatformError } from './errors.ts';
import type { TakeTurn } from './turns.ts';

/** Maximum size of a request body, bytes. Bodies with a key pair or a token are much smaller. */
export const maxBodySize = 65_536;

/** A larger body is parsed in a turn of its own; bytes. Key pairs and most tokens are smaller. */
const maxCheapBody = 4_096;

/**
 * Reads the request body before the route and throws a 413 if it is too large (RFC 9110 section 15.5.14): immediately if
 * Content-Length exceeds the limit, otherwise as soon as too many bytes have arrived.
 *
 * Hono's bodyLimit leaves a body with Content-Length to the route, where a client that disconnects would cause a 500. Only
 * chunked bodies are read as a stream: this needs a Fetch Request, which costs as much as the rest of the response.
 *
 * @param takeTurn awaited before the route parses a large body
 */
export function limitBody(takeTurn?: TakeTurn): MiddlewareHandler {
  return async (context, next) => {
    const { method } = context.req;
    const length = context.req.header('Content-Length');
    if (Number(length ?? 0) > maxBodySize) throw tooLarge();
    if (method === 'GET' || method === 'HEAD') {
      if (context.req.header('Transfer-Encoding') === undefined) return next();
      if (!(await discardChunks(context.env.incoming))) throw tooLarge();
      return next();
    }
    const size = await (length === undefined ? cacheChunks(context) : cacheBody(context));
    if (size === undefined) throw tooLarge();
    if (size > maxCheapBody) await takeTurn?.(networkOf(context.get('clientAddress')), context.env.incoming);
    return next();
  };
}

/**
 * Reads a chunked body of a GET or HEAD request, which a Fetch Request does not have. It has no meaning (RFC 9110 section
 * 9.3.1) and is ignored.
 *
 * @returns whether its size is within the limit
 * @throws HTTPException 400 if the client disconnects or is too slow
 */
async function discardChunks(incoming: IncomingMessage): Promise<boolean> {
  let size = 0;
  try {
    // Leaving the loop must not destroy the connection, which the response needs.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      size += (chunk as Uint8Array).byteLength;
      if (size > maxBodySize) break;
    }
  } catch {
    throw new HTTPException(400);
  }
  // The rest must be read before the next request of the connection; the request timeout limits it.
  incoming.resume();
  return size <= maxBodySize;
}

/**
 * Reads a body with Content-Length, which Node enforces. Hono caches it for the route.
 *
 * @returns its size; undefined if it is too large
 * @throws HTTPException 400 if the client disconnects or is too slow
 */
async function cacheBody({ req }: Context): Promise<number | undefined> {
  try {
    const { byteLength } = await req.arrayBuffer();
    return byteLength <= maxBodySize ? byteLength : undefined;
  } catch {
    throw new HTTPException(400);
  }
}

/**
 * Reads a chunked body and caches it for the route.
 *
 * @returns its size; undefined if it is too large
 * @throws HTTPException 400 if the client disconnects or is too slow
 */
async function cacheChunks({ req }: Context): Promise<number | undefined> {
  const { body } = req.raw;
  if (body === null) return 0;
  const bytes = await readChunks(body);
  if (bytes) req.raw = new Request(req.raw, { body: bytes });
  return bytes?.byteLength;
}

/** @returns the body; undefined if it is too large */
async function readChunks(body: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.byteLength;
      if (size > maxBodySize) return undefined;
      chunks.push(chunk);
    }
  } catch {
    throw new HTTPException(400);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): PlatformError {
  return new PlatformError('contentTooLarge', `the body is larger than ${maxBodySize} bytes`);
}
