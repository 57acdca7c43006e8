import { randomUUID } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import type { Logger } from 'pino';
import type { ClientAddress } from './client-address.ts';
import type { Environment, HttpMetrics } from './environment.ts';

/**
 * Generates an ID for each request (X-Request-Id) and logs one line at its end. For issued and refused tokens, this line is
 * also the audit record: `audit`, `event`, and the user or the reason (docs/tokens.md).
 *
 * The line never contains secrets: it has the pattern of the route (`/*` if none matched) instead of the URL, where a
 * client may have put an sk in any encoding, and fields that handlers add explicitly. An X-Request-Id of the client is
 * ignored for the same reason.
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
