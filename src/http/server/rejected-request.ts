/**
 * Responses to requests that the app cannot serve. Responses and log lines contain nothing of the request except a known
 * method, because it may have a secret anywhere.
 */
import { randomUUID } from 'node:crypto';
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { HttpMetrics } from '../common/dependencies.ts';
import { errorText } from '../common/error-response.ts';
import { PlatformError } from '../common/errors.ts';
import { allow, type Rejection } from './rejection.ts';

/** Route pattern of a request that matches no route, as in the request log. */
const anyRoute = '/*';

/** A response that the app did not send. */
export interface RecordedResponse {
  status: number;
  method?: string | undefined;
  remoteAddress?: string | undefined;
  refused?: string;
  /** Cause of a 500. */
  error?: string;
  stack?: string | undefined;
}

/** Records a response. @returns the ID of the request */
export type RecordResponse = (response: RecordedResponse) => string;

/** @returns a function that records a response like the request log: one line, and in the metrics */
export function createRecord(log: Logger | undefined, metrics: HttpMetrics | undefined): RecordResponse {
  return (response) => {
    const { status } = response;
    const requestId = randomUUID();
    // Rejected as soon as it is read.
    metrics?.completed({ route: anyRoute, status, seconds: 0 });
    log?.[status === 500 ? 'error' : 'info']({ requestId, route: anyRoute, ...response }, 'request');
    return requestId;
  };
}

/** Responds to a parsed request, in the format of its path, and closes the connection. */
export function reject(response: ServerResponse, rejection: Rejection, record: RecordResponse): void {
  const { method, url, socket } = response.req;
  const { status, message: refused } = rejection;
  const requestId = record({ method, status, remoteAddress: socket.remoteAddress, refused });
  const body = bodyOf(rejection, url);
  response
    .writeHead(status, { ...headersOf(rejection, requestId), 'Content-Length': Buffer.byteLength(body) })
    .end(body);
}

/** Like reject, on a connection without a ServerResponse. @param target request target, if known */
export function rejectRaw(
  socket: Duplex,
  { rejection, requestId, target }: { rejection: Rejection; requestId: string; target?: string | undefined },
): void {
  const { status } = rejection;
  const body = bodyOf(rejection, target);
  const headers = { ...headersOf(rejection, requestId), 'Content-Length': Buffer.byteLength(body) };
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  // Does not wait until the client has sent the rest of its request.
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

/** Responds to `OPTIONS *`, which asks about the server as a whole (RFC 9110 section 9.3.7). */
export function answerServerOptions(response: ServerResponse, record: RecordResponse): void {
  const { method, socket } = response.req;
  const requestId = record({ method, status: 204, remoteAddress: socket.remoteAddress });
  response.writeHead(204, { Allow: allow, 'X-Request-Id': requestId }).end();
}

export function headersOf({ headers }: Rejection, requestId: string): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    Connection: 'close',
    'X-Request-Id': requestId,
    ...headers,
  };
}

export function bodyOf({ kind = 'invalidArgument', message }: Rejection, target?: string): string {
  return errorText(new PlatformError(kind, message), target);
}
