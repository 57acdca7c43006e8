/**
 * Responses to malformed requests that never reach the app. Responses and logs contain nothing of the request, which may
 * have a secret anywhere.
 */
import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { RequestError } from '@hono/node-server';
import { errorText } from '../common/error-response.ts';
import { errorBody, PlatformError } from '../common/errors.ts';

interface BrokenRequest {
  status: 400 | 408 | 431;
  message: string;
}

/** Maps an error code of Node's HTTP parser or timers (RFC 9110 section 15.5.9, RFC 6585 section 5). */
function describe(code: string | undefined): BrokenRequest {
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, message: 'the request headers are too large' };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, message: 'the request timed out' };
  return { status: 400, message: 'the request is malformed' };
}

/** Other errors concern the connection, such as a failed TLS handshake, where no HTTP response is possible. */
function isHttpError({ code }: NodeJS.ErrnoException): boolean {
  return code !== undefined && /^(HPE_|ERR_HTTP_)/.test(code);
}

/** Responds to malformed requests in the format of their path and closes the connection. */
export function answerBrokenRequests(server: Server): void {
  const latest = new WeakMap<Duplex, ServerResponse>();
  server.on('request', (request, response) => latest.set(request.socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const response = latest.get(socket);
    // A second response would be read as the rest of the one being sent.
    const isSending = response?.headersSent === true && !response.writableFinished;
    if (!isHttpError(error) || !socket.writable || isSending) socket.destroy();
    // Does not wait until the client has sent the rest of its request.
    else socket.end(rawAnswer(describe(error.code), targetOf(response)), () => socket.destroy());
  });
}

/** @returns the target of a request with a malformed body; undefined if the headers are malformed */
function targetOf(response: ServerResponse | undefined): string | undefined {
  return response?.writableFinished === false ? response.req.url : undefined;
}

/**
 * Whether the path has dot segments or backslashes. They are resolved before routing, so a request under the forward-auth
 * path of a gateway could reach another route.
 */
export function hasDotSegments(target: string): boolean {
  const [path = ''] = target.split('?', 1);
  return path.split(/[/\\]/).some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)) || path.includes('\\');
}

/** Rejects a request whose target has dot segments. */
export function rejectTarget(response: ServerResponse): void {
  const body = errorText(new PlatformError('invalidArgument', describe(undefined).message), response.req.url);
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', Connection: 'close' };
  response.writeHead(400, headers).end(body);
}

function rawAnswer({ status, message }: BrokenRequest, target: string | undefined): string {
  const body = errorText(new PlatformError('invalidArgument', message), target);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** Responds to a request with an invalid Host or URL, which never reaches the app; 500 for any other error. */
export function answerUnroutable(error: unknown): Response {
  const broken = error instanceof RequestError;
  const { message } = describe(undefined);
  const platformError = broken
    ? new PlatformError('invalidArgument', message)
    : new PlatformError('internal', 'internal error');
  const headers = { 'Cache-Control': 'no-store', Connection: 'close' };
  return Response.json(errorBody(platformError), { status: platformError.status, headers });
}
