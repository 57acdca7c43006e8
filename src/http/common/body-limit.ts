import { IncomingMessage } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { networkOf } from './client-address.ts';
import { maxBodySize, readIncoming, tooLarge } from './incoming-body.ts';
import type { TakeTurn } from './turns.ts';

/** A larger body is parsed in a turn of its own; bytes. Key pairs and most tokens are smaller. */
const maxCheapBody = 4_096;

/**
 * Reads the request body before the route and throws a 413 if it is too large (RFC 9110 section 15.5.14): immediately if
 * Content-Length exceeds the limit, otherwise as soon as too much has arrived.
 *
 * Hono's bodyLimit reads a chunked body as a stream of the Fetch API, which takes thousands of times the memory of a body
 * in small chunks. It leaves a body with Content-Length to the route, where a client that disconnects would cause a 500.
 *
 * @param takeTurn awaited before the route parses a large body
 */
export function limitBody(takeTurn?: TakeTurn): MiddlewareHandler {
  return async (context, next) => {
    const { method } = context.req;
    if (Number(context.req.header('Content-Length') ?? 0) > maxBodySize) throw tooLarge();
    if (method === 'GET' || method === 'HEAD') {
      if (context.req.header('Transfer-Encoding') !== undefined) await readIncoming(context.env.incoming);
      // It has no meaning (RFC 9110 section 9.3.1) and is ignored.
      return next();
    }
    const size = await cacheBody(context);
    if (size > maxCheapBody) await takeTurn?.(networkOf(context.get('clientAddress')), context.env.incoming);
    return next();
  };
}

/**
 * Reads the body and caches it for the route.
 *
 * @returns its size, bytes
 * @throws PlatformError 413 and HTTPException 400 as {@link readIncoming}
 */
async function cacheBody({ env, req }: Context): Promise<number> {
  const incoming: unknown = env?.incoming;
  if (incoming instanceof IncomingMessage) {
    // As the validators of Hono do. The declared type is that of the value, but Hono expects a promise.
    Object.assign(req.bodyCache, { arrayBuffer: Promise.resolve(await readIncoming(incoming)) });
  }
  // In-memory requests of tests have no connection.
  const { byteLength } = await req.arrayBuffer().catch(() => {
    throw new HTTPException(400);
  });
  if (byteLength > maxBodySize) throw tooLarge();
  return byteLength;
}
