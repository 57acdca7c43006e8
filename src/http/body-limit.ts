import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { errorBody, PlatformError } from './errors.ts';

/** The largest body of a request, bytes: forms and JSON with a pair or a token in them are far smaller. */
export const maxBodySize = 65_536;

/**
 * Refuses a request whose body is too large, 413 in the form of the platform (RFC 9110 section 15.5.14). A length that
 * is announced is believed, for Node holds the client to it; without one the bytes are counted as they come.
 */
export function limitBody(): MiddlewareHandler {
  const limit = bodyLimit({ maxSize: maxBodySize, onError: answerTooLarge });
  return async (context, next) => {
    let arrived = false;
    const proceed = () => {
      arrived = true;
      return next();
    };
    try {
      return await limit(context, proceed);
    } catch (error) {
      if (arrived) throw error;
      // The client went away, or was too slow, before the body had come: nothing of ours has failed.
      throw new HTTPException(400);
    }
  };
}

function answerTooLarge(context: Context): Response {
  const message = `the body is larger than ${maxBodySize} bytes`;
  context.header('Cache-Control', 'no-store');
  return context.json(errorBody(new PlatformError('invalidArgument', message)), 413);
}
