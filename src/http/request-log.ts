import { randomUUID } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import type { Logger } from 'pino';
import type { Environment } from './environment.ts';

/** Anything that has the form of a key is hidden wherever a caller put it. */
const uuids = /[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}/gi;

/**
 * Gives each request an id (answered as X-Request-Id) and writes one line when it is done.
 *
 * Secrets cannot get into it: the line holds the path without its query and with every UUID in it hidden, and what
 * handlers add on purpose. An id of the caller's is not taken over, since anything may be in it.
 */
export function requestLog(log: Logger) {
  return createMiddleware<Environment>(async (context, next) => {
    const startedAt = performance.now();
    const requestId = randomUUID();
    context.set('requestId', requestId);
    context.set('logFields', {});
    context.header('X-Request-Id', requestId);
    await next();
    log.info(
      {
        requestId,
        method: context.req.method,
        path: context.req.path.slice(0, 256).replace(uuids, '<uuid>'),
        route: routePath(context, -1),
        status: context.res.status,
        milliseconds: Math.round(performance.now() - startedAt),
        remoteAddress: context.env.incoming?.socket.remoteAddress,
        ...context.get('logFields'),
      },
      'request',
    );
  });
}
