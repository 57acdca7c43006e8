/** Responses to malformed requests that Node's HTTP parser or the adapter of the app reports as errors. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { RequestError } from '@hono/node-server';
import { toLoggedError } from '../common/logged-error.ts';
import { findLoggedRequest } from '../common/request-log.ts';
import { bodyOf, headersOf, type RecordResponse, rejectRaw } from './rejected-request.ts';
import { headersTooLarge, malformed, type Rejection } from './rejection.ts';

/** Maximum size of the request headers, bytes; a token is much smaller. */
export const maxHeaderSize = 16_384;

const internalError: Rejection = { status: 500, message: 'internal error', kind: 'internal' };

const timedOut: Rejection = { status: 408, message: 'the request timed out' };
const unknownMethod: Rejection = { status: 501, message: 'method not implemented', kind: 'methodNotAllowed' };

/** An error of Node's HTTP parser or timers. */
interface HttpError extends NodeJS.ErrnoException {
  /** The received data, and the position of the error in it. */
  rawPacket?: Buffer;
  bytesParsed?: number;
}

/** Maps an error (RFC 9110 sections 15.5.9 and 15.6.2, RFC 6585 section 5). */
function describe(error: HttpError): Rejection {
  if (error.code === 'HPE_HEADER_OVERFLOW') return headersTooLarge;
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return timedOut;
  return error.code === 'HPE_INVALID_METHOD' && hasRequestLine(error) ? unknownMethod : malformed;
}

/** Whether the error is in a complete request line, so the method is valid but unknown. */
function hasRequestLine({ rawPacket = Buffer.alloc(0), bytesParsed = 0 }: HttpError): boolean {
  const start = rawPacket.subarray(0, bytesParsed).lastIndexOf('\n') + 1;
  return /^[\w!#$%&'*+.^`|~-]+ \S+ HTTP\/1\.[01]\r\n/.test(rawPacket.toString('latin1', start, start + maxHeaderSize));
}

/** Other errors concern the connection, such as a failed TLS handshake, where no HTTP response is possible. */
function isHttpError({ code }: NodeJS.ErrnoException): boolean {
  return code !== undefined && /^(HPE_|ERR_HTTP_)/.test(code);
}

/** Responds to malformed requests in the format of their path and closes the connection. */
export function answerBrokenRequests(server: Server, record: RecordResponse): void {
  const latest = new WeakMap<Duplex, ServerResponse>();
  const broken = new WeakSet<Duplex>();
  server.on('request', (request, response) => latest.set(request.socket, response));
  server.on('clientError', (error: HttpError, socket: Socket) => {
    // All that follows on the connection is malformed too.
    if (broken.has(socket)) return;
    broken.add(socket);
    const response = latest.get(socket);
    const respond = (request?: IncomingMessage) => rejectRest({ socket, request }, describe(error), record);
    if (!isHttpError(error) || !socket.writable || (response && isAnswered(response))) socket.destroy();
    else if (!response || response.writableFinished) respond();
    // Until the responses to earlier requests have been sent, a response has no socket.
    else if (!response.req.complete && response.socket === null)
      response.once('socket', () => socket.writable && respond(response.req));
    else if (!response.req.complete) respond(response.req);
    // The error is in the next request of the connection, and responses have the order of their requests.
    else response.once('finish', () => socket.writable && respond());
  });
}

/**
 * Whether the response is a stream that has not ended, or has been started before the end of its request. Another one would
 * be read as the rest of it, or as the response to the next request.
 */
function isAnswered({ headersSent, writableEnded, req }: ServerResponse): boolean {
  return headersSent && !(writableEnded && req.complete);
}

/** @param request with a malformed body; undefined if the headers are malformed */
function rejectRest(
  { socket, request }: { socket: Socket; request: IncomingMessage | undefined },
  rejection: Rejection,
  record: RecordResponse,
): void {
  const { status, message: refused } = rejection;
  const logged = request && findLoggedRequest(request);
  if (logged) logged.rejected = { status, refused };
  const requestId = logged?.requestId ?? record({ status, remoteAddress: socket.remoteAddress, refused });
  rejectRaw(socket, { rejection, requestId, target: request?.url });
}

/** @returns a handler that responds to a request with an invalid target, which never reaches the app; 500 for any other error */
export function answerUnroutable(record: RecordResponse): (error: unknown) => Response {
  return (error) => {
    const rejection = error instanceof RequestError ? malformed : internalError;
    const { status, message: refused } = rejection;
    const cause = rejection === internalError && toLoggedError(error);
    const headers = headersOf(rejection, record({ status, refused, ...cause }));
    return new Response(bodyOf(rejection), { status, headers });
  };
}
