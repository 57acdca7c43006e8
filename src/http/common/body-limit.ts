import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { PlatformError } from './errors.ts';

/** The largest body of a request, bytes: forms and JSON with a pair or a token in them are far smaller. */
export const maxBodySize = 65_536;

/**
 * Reads the body of a request before the route is asked, and refuses one that is too large, by throwing a 413
 * (RFC 9110 section 15.5.14): at once when its length says so, else when that many bytes have come.
 *
 * Hono's own middleware leaves a body of a known length to the route, where a client that goes away would look like an
 * error of ours. The body is not touched as a stream unless it comes in chunks, since a Request of the Fetch standard
 * would have to be made for that, which costs as much as the rest of an answer.
 */
export function limitBody(): MiddlewareHandler {
  return async (context, next) => {
    const { method } = context.req;
    if (method === 'GET' || method === 'HEAD') return next();
    const length = context.req.header('Content-Length');
    if (Number(length ?? 0) > maxBodySize) throw tooLarge();
    const fits = await (length === undefined ? keepChunks(context) : keepBody(context));
    if (!fits) throw tooLarge();
    return next();
  };
}

/**
 * Reads a body that says its length, which Node holds the client to. Hono keeps it for the route.
 *
 * @throws HTTPException 400 when the client goes away, or is too slow, before all has come
 */
async function keepBody({ req }: Context): Promise<boolean> {
  try {
    return (await req.arrayBuffer()).byteLength <= maxBodySize;
  } catch {
    throw new HTTPException(400);
  }
}

/**
 * Reads a body of unknown length.
 *
 * @returns false when there is more than there may be
 * @throws HTTPException 400 as above
 */
async function keepChunks({ req }: Context): Promise<boolean> {
  const { body } = req.raw;
  if (body === null) return true;
  const bytes = await readChunks(body);
  if (bytes) req.raw = new Request(req.raw, { body: bytes });
  return bytes !== undefined;
}

/** @returns undefined when there is more than there may be */
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
