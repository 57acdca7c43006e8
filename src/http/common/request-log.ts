import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import type { Logger } from 'pino';
import type { ClientAddress } from './client-address.ts';
import type { HttpMetrics } from './dependencies.ts';
import type { Environment } from './environment.ts';

/** A request that the request log will record. */
export interface LoggedRequest {
  readonly requestId: string;
  /** The response that the server sends instead of the app, if the rest of the request is malformed or late. */
  rejected?: { status: number; refused: string };
}

const loggedRequests = new WeakMap<IncomingMessage, LoggedRequest>();

/** @returns the request if the request log records it, so that the server does not log it a second time */
export function findLoggedRequest(incoming: IncomingMessage): LoggedRequest | undefined {
  return loggedRequests.get(incoming);
}

export interface RequestLogOptions {
  log: Logger;
  addressOf: ClientAddress;
  metrics?: HttpMetrics | undefined;
  /** Level of the lines; status 500 always has level error. */
  level?: 'info' | 'debug';
}

/**
 * Generates an ID for each request (X-Request-Id) and logs one line at its end. For issued and refused tokens, this line is
 * also the audit record: `audit`, `event`, and the user or the reason (docs/tokens.md).
 *
 * The line never contains secrets: it has the pattern of the route (`/*` if none matched) instead of the URL, where a
 * client may have put an sk in any encoding, and fields that handlers add explicitly. An X-Request-Id of the client is
 * ignored for the same reason.
 */
export function requestLog({ log, addressOf, metrics, level = 'info' }: RequestLogOptions) {
  return createMiddleware<Environment>(async (context, next) => {
    const startedAt = performance.now();
    const request: LoggedRequest = { requestId: randomUUID() };
    const { requestId } = request;
    // In-memory requests of tests have no connection.
    const incoming = context.env?.incoming;
    if (incoming) loggedRequests.set(incoming, request);
    const remoteAddress = incoming?.socket.remoteAddress;
    const clientAddress = addressOf(remoteAddress, (name) => context.req.header(name));
    context.set('requestId', requestId);
    context.set('clientAddress', clientAddress);
    context.set('logFields', {});
    context.header('X-Request-Id', requestId);
    await next();
    const milliseconds = performance.now() - startedAt;
    const route = routePath(context, -1);
    const response = request.rejected ?? { status: context.res.status };
    metrics?.completed({ route, status: response.status, seconds: milliseconds / 1000 });
    log[response.status === 500 ? 'error' : level](
      {
        requestId,
        method: context.req.method,
        route,
        milliseconds: Math.round(milliseconds),
        remoteAddress,
        clientAddress,
        ...context.get('logFields'),
        ...response,
      },
      'request',
    );
  });
}
