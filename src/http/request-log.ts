import { randomUUID } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import type { Logger } from 'pino';
import type { ClientAddress } from './client-address.ts';
import type { Environment } from './environment.ts';

/**
 * Gives each request an id (answered as X-Request-Id) and writes one line when it is done. For a token that was issued or
 * refused the same line is the audit record: `audit`, `event`, and who got it or why not (docs/tokens.md).
 *
 * Secrets cannot get into it: of the URL the line holds the pattern of the route only (`/*` when nothing is there), since
 * a caller may have put an sk into the path in any encoding, and else what handlers add on purpose. An id of the caller's
 * is not taken over, since anything may be in it.
 */
export function requestLog(log: Logger, addressOf: ClientAddress) {
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
    log.info(
      {
        requestId,
        method: context.req.method,
        route: routePath(context, -1),
        status: context.res.status,
        milliseconds: Math.round(performance.now() - startedAt),
        remoteAddress,
        clientAddress,
        ...context.get('logFields'),
      },
      'request',
    );
  });
}
