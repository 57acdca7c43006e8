/** Responses to malformed requests that Node's HTTP parser or the adapter of the app reports as errors. */
import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { RequestError } from '@hono/node-server';
import { bodyOf, headersOf, malformed, type RecordResponse, type Rejection, rejectRaw } from './rejected-request.ts';

/** Maps an error code of Node's HTTP parser or timers (RFC 9110 section 15.5.9, RFC 6585 section 5). */
function describe(code: string | undefined): Rejection {
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, message: 'the request headers are too large' };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, message: 'the request timed out' };
  return malformed;
}

/** Other errors concern the connection, such as a failed TLS handshake, where no HTTP response is possible. */
function isHttpError({ code }: NodeJS.ErrnoException): boolean {
  return code !== undefined && /^(HPE_|ERR_HTTP_)/.test(code);
}

/** Responds to malformed requests in the format of their path and closes the connection. */
export function answerBrokenRequests(server: Server, record: RecordResponse): void {
  const latest = new WeakMap<Duplex, ServerResponse>();
  server.on('request', (request, response) => latest.set(request.socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const response = latest.get(socket);
    // A second response would be read as the rest of the one being sent.
    const isSending = response?.headersSent === true && !response.writableFinished;
    if (!isHttpError(error) || !socket.writable || isSending) socket.destroy();
    else rejectRaw(socket, { rejection: describe(error.code), target: targetOf(response) }, record);
  });
}

/** @returns the target of a request with a malformed body; undefined if the headers are malformed */
function targetOf(response: ServerResponse | undefined): string | undefined {
  return response?.writableFinished === false ? response.req.url : undefined;
}

/** @returns a handler that responds to a request with an invalid target, which never reaches the app; 500 for any other error */
export function answerUnroutable(record: RecordResponse): (error: unknown) => Response {
  return (error) => {
    const rejection: Rejection =
      error instanceof RequestError ? malformed : { status: 500, message: 'internal error', kind: 'internal' };
    const { status, message: refused } = rejection;
    const headers = headersOf(rejection, record({ status, refused }));
    return new Response(bodyOf(rejection), { status, headers });
  };
}
