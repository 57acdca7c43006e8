import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { errorBody, PlatformError } from './errors.ts';

/** The largest body of a request, bytes: forms and JSON with a pair or a token in them are far smaller. */
export const maxBodySize = 65_536;

/**
 * Reads the body of a request before the route is asked, and refuses one that is too large, 413 in the form of the
 * platform (RFC 9110 section 15.5.14): at once when its length says so, else when that many bytes have come.
 *
 * Hono's own middleware leaves a body of a known length to the route, where a client that goes away would look like an
 * error of ours.
 */
export function limitBody(): MiddlewareHandler {
  return async (context, next) => {
    const { body, headers } = context.req.raw;
    if (body === null) return next();
    if (Number(headers.get('Content-Length') ?? 0) > maxBodySize) return answerTooLarge(context);
    const bytes = await readBody(body);
    if (bytes === undefined) return answerTooLarge(context);
    context.req.raw = new Request(context.req.raw, { body: bytes });
    return next();
  };
}

/**
 * @returns undefined when there is more than there may be
 * @throws HTTPException 400 when the client goes away, or is too slow, before all has come
 */
async function readBody(body: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer> | undefined> {
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

function answerTooLarge(context: Context): Response {
  const message = `the body is larger than ${maxBodySize} bytes`;
  context.header('Cache-Control', 'no-store');
  return context.json(errorBody(new PlatformError('invalidArgument', message)), 413);
}
