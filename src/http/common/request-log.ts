import { randomUUID } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import type { Logger } from 'pino';
import type { ClientAddress } from './client-address.ts';
import type { Environment } from './environment.ts';
import type { HttpMetrics } from './http-metrics.ts';

/**
 * Gives each request an id (answered as X-Request-Id) and writes one line when it is done. For a token that was issued or
 * refused the same line is the audit record: `audit`, `event`, and who got it or why not (docs/tokens.md).
 *
 * Secrets cannot get into it: of the URL the line holds the pattern of the route only (`/*` when nothing is there), since
 * a caller may have put an sk into the path in any encoding, and else what handlers add on purpose. An id of the caller's
 * is not taken over, since anything may be in it.
 *
 * @param metrics told of each request; by default nobody is
 */
export function requestLog(log: Logger, addressOf: ClientAddress, metrics?: HttpMetrics) {
  return createMiddleware<Environment>(async (context, next) => {
    const startedAt = performance.now();
    const requestId = randomUUID();
    const remoteAddress = context.env.incoming?.socket.remoteAddress;
    const clientAddress = addressOf(remoteAddress, (name) => context.req.header(name));
    context.set('requestId', requestId);
    context.set('clientAddress', clientAddress);
    context.set('logFields', {});
    context.header('X-Request-Id', requestId);
    await next();
    const milliseconds = performance.now() - startedAt;
    const [route, { status }] = [routePath(context, -1), context.res];
    metrics?.answered({ route, status, seconds: milliseconds / 1000 });
    log.info(
      {
        requestId,
        method: context.req.method,
        route,
        status,
        milliseconds: Math.round(milliseconds),
        remoteAddress,
        clientAddress,
        ...context.get('logFields'),
      },
      'request',
    );
  });
}
