/**
 * Answers to what is no HTTP request, or one that no route can be found for. Nothing of the request is repeated, neither
 * in the answer nor in a log: a broken request may have a secret anywhere.
 */
import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { RequestError } from '@hono/node-server';
import { errorText } from '../common/error-answer.ts';
import { errorBody, PlatformError } from '../common/errors.ts';

interface BrokenRequest {
  status: 400 | 408 | 431;
  message: string;
}

/** What a code of Node's HTTP parser or of its timers means (RFC 9110 section 15.5.9, RFC 6585 section 5). */
function describe(code: string | undefined): BrokenRequest {
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, message: 'the head of the request is too large' };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, message: 'the request did not arrive in time' };
  return { status: 400, message: 'the request is malformed' };
}

/** Whether Node's HTTP parser or timers complain. All else is of the connection, as a failed TLS handshake: no HTTP there. */
function isAboutHttp({ code }: NodeJS.ErrnoException): boolean {
  return code !== undefined && /^(HPE_|ERR_HTTP_)/.test(code);
}

/** Makes a server answer broken requests in the form that belongs to their path, and close their connections. */
export function answerBrokenRequests(server: Server): void {
  const latest = new WeakMap<Duplex, ServerResponse>();
  server.on('request', (request, response) => latest.set(request.socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const response = latest.get(socket);
    // Half of an answer is out: another would be taken for its rest.
    const answering = response?.headersSent === true && !response.writableFinished;
    if (!isAboutHttp(error) || !socket.writable || answering) socket.destroy();
    // What the client still sends is not read any more, so the connection is not kept half open for it.
    else socket.end(rawAnswer(describe(error.code), targetOf(response)), () => socket.destroy());
  });
}

/** What a request asks for whose body is broken; of a broken head it is not known. */
function targetOf(response: ServerResponse | undefined): string | undefined {
  return response?.writableFinished === false ? response.req.url : undefined;
}

/**
 * Whether the path of a request has segments that lead elsewhere. They are resolved before a route is found, so what a
 * gateway asks about beneath a path of ours could end at another one. A backslash counts as a slash then.
 */
export function hasDotSegments(target: string): boolean {
  const [path = ''] = target.split('?', 1);
  return path.split(/[/\\]/).some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)) || path.includes('\\');
}

/** Refuses a request whose target no client of this API needs. */
export function refuseTarget(response: ServerResponse): void {
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

/** The answer to a request whose Host or URL is not valid, which no app ever sees; 500 for an error of our own. */
export function answerUnroutable(error: unknown): Response {
  const broken = error instanceof RequestError;
  const { message } = describe(undefined);
  const platformError = broken
    ? new PlatformError('invalidArgument', message)
    : new PlatformError('internal', 'internal error');
  const headers = { 'Cache-Control': 'no-store', Connection: 'close' };
  return Response.json(errorBody(platformError), { status: platformError.status, headers });
}
