/**
 * Responses to requests that the app cannot serve. Responses and log lines contain nothing of the request except a known
 * method, because it may have a secret anywhere.
 */
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { HttpMetrics } from '../common/environment.ts';
import { errorText } from '../common/error-response.ts';
import { type ErrorKind, PlatformError } from '../common/errors.ts';
import { isDecodable } from '../common/parameter-limit.ts';

/** Why a request is rejected. */
export interface Rejection {
  status: 400 | 405 | 408 | 417 | 431 | 500 | 501 | 505;
  message: string;
  /** Default: invalidArgument. */
  kind?: ErrorKind;
  headers?: Readonly<Record<string, string>>;
}

export const malformed: Rejection = { status: 400, message: 'the request is malformed' };
export const headersTooLarge: Rejection = { status: 431, message: 'the request headers are too large' };

/** Route pattern of a request that matches no route, as in the request log. */
const anyRoute = '/*';

/** Methods of the whole server. */
const allow = 'GET, HEAD, POST, OPTIONS';
export const connectRejection: Rejection = {
  status: 405,
  message: `method not allowed, must be ${allow}`,
  kind: 'methodNotAllowed',
  headers: { Allow: allow },
};
export const expectationRejection: Rejection = { status: 417, message: 'Expect: must be 100-continue' };
const codingRejection: Rejection = {
  status: 501,
  message: 'Transfer-Encoding: must be chunked',
  kind: 'methodNotAllowed',
};

/** An HTTP/2.0 request in the syntax of HTTP/1.1, which Node's parser accepts. */
const versionRejection: Rejection = {
  status: 505,
  message: 'the HTTP version must be 1.0 or 1.1',
  kind: 'methodNotAllowed',
};

/** A name, an IPv4 address, or an IPv6 address in brackets, with an optional port (RFC 3986 section 3.2). */
const hostPattern = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i;
/** A name that every URL can have: it does not end like an IPv4 address, and no label is internationalized. */
const plainHost = /^(?!.*xn--)(?:[\w-]+\.)*[a-z_][\w-]*(?::\d{1,4})?$/i;
/** Maximum number of headers. Node drops those above its own limit, or rejects them, depending on its version. */
const maxHeaders = 1_000;

/**
 * @returns why the request cannot be served: its version (RFC 9110 section 15.6.6), its headers, its Host (RFC 9112 section
 * 3.2), its transfer coding (section 6.1) or its target; undefined if it can
 */
export function findRejection(request: IncomingMessage): Rejection | undefined {
  const { httpVersion, rawHeaders, headers, url = '' } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return versionRejection;
  if (rawHeaders.length / 2 > maxHeaders) return headersTooLarge;
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.length === 4 && /^host$/i.test(name)).length;
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0')) return malformed;
  if (hosts === 1 && !isValidHost(headers.host ?? '')) return malformed;
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && httpVersion === '1.0') return malformed;
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') return codingRejection;
  return isMalformedTarget(url) ? malformed : undefined;
}

/** Whether a URL can have this host: not 10.0.0.256, for example. Parsing a URL takes several times as long as a pattern. */
function isValidHost(host: string): boolean {
  return plainHost.test(host) || (hostPattern.test(host) && URL.canParse(`http://${host}`));
}

/** Whether a target has a fragment (RFC 9112 section 3.2) or credentials (RFC 9110 section 4.2.4), or an invalid path. */
function isMalformedTarget(target: string): boolean {
  if (target.includes('#') || /^https?:\/\/[^/?]*@/i.test(target)) return true;
  return hasDotSegments(target) || isCostlyPath(target);
}

/** Hono decodes a path that is not percent-encoded UTF-8 piece by piece, at the cost of an exception each. */
const maxUndecodablePath = 1_024;

/** Shorter ones are accepted: forward-auth receives the paths of applications. */
function isCostlyPath(target: string): boolean {
  const [path = ''] = target.split('?', 1);
  return path.length > maxUndecodablePath && path.includes('%') && !isDecodable(path);
}

/**
 * Whether the path has dot segments or backslashes. They are resolved before routing, so a request under the forward-auth
 * path of a gateway could reach another route.
 */
function hasDotSegments(target: string): boolean {
  const [path = ''] = target.split('?', 1);
  return path.split(/[/\\]/).some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)) || path.includes('\\');
}

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
    metrics?.answered({ route: anyRoute, status, seconds: 0 });
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
