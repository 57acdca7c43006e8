import { randomUUID } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import type { Logger } from 'pino';
import type { Environment } from './environment.ts';

/**
 * Gives each request an id (answered as X-Request-Id) and writes one line when it is done.
 *
 * Secrets cannot get into it: of the URL the line holds the pattern of the route only (`/*` when nothing is there), since
 * a caller may have put an sk into the path in any encoding, and else what handlers add on purpose. An id of the caller's
 * is not taken over, since anything may be in it.
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
