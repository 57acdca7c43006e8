import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Logger } from 'pino';
import type { HttpMetrics } from '../common/environment.ts';
import { answerBrokenRequests, answerUnroutable, maxHeaderSize } from './broken-request.ts';
import { createDrain, type Drain } from './drain.ts';
import { closeInactiveConnections } from './inactivity.ts';
import { answerServerOptions, createRecord, findRejection, type RecordResponse, reject } from './rejected-request.ts';
import { answerSpecialRequests } from './special-requests.ts';
import type { ServingCertificate } from './tls-certificate.ts';

export interface ListenOptions {
  address: string;
  /** 0: any free port. */
  port: number;
}

export interface RunningServer {
  address: string;
  port: number;
  /** {@link Drain.begin} */
  beginDrain: Drain['begin'];
  /** {@link Drain.close} */
  close: Drain['close'];
}

/** Timeouts, milliseconds. */
export interface Timeouts {
  /** TLS handshake. */
  handshake: number;
  /** A complete request with its body, against slow clients. */
  request: number;
  /** No data in either direction, against clients that do not read the response. */
  inactivity: number;
  /** Idle connection. Longer than the 60 seconds for which common proxies keep one. */
  keepAlive: number;
}

export interface TlsOptions {
  certificate: ServingCertificate;
  log: Logger;
}

export interface ServeOptions extends ListenOptions {
  /** Serves HTTPS if set, otherwise plain HTTP. */
  tls?: TlsOptions | undefined;
  /** Receives a line for each response that the app does not send. */
  log?: Logger;
  /** Count the responses that the app does not send. */
  metrics?: HttpMetrics;
  timeouts?: Partial<Timeouts>;
  /** Maximum number of connections, including TLS handshakes; further connections are closed. */
  maxConnections?: number;
}

const defaultTimeouts: Timeouts = { handshake: 10_000, request: 30_000, inactivity: 120_000, keepAlive: 65_000 };
const defaultMaxConnections = 4_096;
/** How often Node checks for request timeouts, milliseconds. */
const checkingInterval = 5_000;

/**
 * Serves an app over HTTPS or plain HTTP.
 *
 * @throws Error with code EADDRINUSE, EACCES or EADDRNOTAVAIL if it cannot listen
 */
// biome-ignore lint/suspicious/noExplicitAny: any Hono app, whatever its environment
export async function serve(app: Pick<Hono<any>, 'fetch'>, options: ServeOptions): Promise<RunningServer> {
  const record = createRecord(options.log, options.metrics);
  const listener = createListener(app, record);
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const limits = limitsOf(timeouts);
  const server = options.tls ? createTlsServer(listener, limits, options.tls) : createServer(limits, listener);
  closeInactiveConnections(server, timeouts.inactivity);
  server.maxConnections = options.maxConnections ?? defaultMaxConnections;
  answerBrokenRequests(server, record);
  answerSpecialRequests(server, record);
  const drain = createDrain(server);
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(options.port, options.address, listening.resolve);
  await listening.promise;
  survive(server, options.log);
  const { address, port } = server.address() as AddressInfo;
  return { address, port, beginDrain: drain.begin, close: drain.close };
}

/** Logs errors of a listening server, such as a connection that cannot be accepted, which would end the process. */
function survive(server: Server, log: Logger | undefined): void {
  server.on('error', ({ code }: NodeJS.ErrnoException) => log?.error({ reason: code }, 'cannot accept a connection'));
}

// biome-ignore lint/suspicious/noExplicitAny: any Hono app, whatever its environment
function createListener(app: Pick<Hono<any>, 'fetch'>, record: RecordResponse): RequestListener {
  // The host name of a request without Host, which HTTP/1.0 allows.
  const adapter = { hostname: 'localhost', errorHandler: answerUnroutable(record) };
  const answer = getRequestListener(app.fetch, adapter);
  const rejected = new WeakSet<Socket>();
  return (request, response) => {
    // No request after a response with `Connection: close` is processed (RFC 9112 section 9.6).
    if (rejected.has(request.socket)) return;
    const rejection = findRejection(request);
    if (rejection) {
      rejected.add(request.socket);
      return reject(response, rejection, record);
    }
    if (request.method === 'OPTIONS' && request.url === '*') return answerServerOptions(response, record);
    normalizeHost(request);
    return void answer(request, response);
  };
}

/** Adapts the host and an absolute target to the adapter, which rejects some spellings of RFC 3986 sections 3.1 and 3.2. */
function normalizeHost(request: IncomingMessage): void {
  const { headers, url = '' } = request;
  const host = headers.host ?? '';
  if (host.startsWith('[') || host.endsWith(':')) headers.host = URL.parse(`http://${host}`)?.host ?? host;
  if (/^http/i.test(url)) request.url = url.replace(/^https?:/i, (scheme) => scheme.toLowerCase());
}

/** Failed TLS handshakes are logged only at level debug: port scans and plain HTTP requests are common. */
function createTlsServer(listener: RequestListener, options: ServerOptions, { certificate, log }: TlsOptions) {
  const server = createHttpsServer(options, listener);
  certificate.attach(server);
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    log.debug({ reason: error.code, remoteAddress: socket.remoteAddress }, 'TLS handshake failed');
  });
  return server;
}

function limitsOf({ handshake, request, keepAlive }: Timeouts): ServerOptions & { handshakeTimeout: number } {
  return {
    maxHeaderSize,
    handshakeTimeout: handshake,
    requestTimeout: request,
    headersTimeout: request,
    connectionsCheckingInterval: Math.min(request, checkingInterval),
    keepAliveTimeout: keepAlive,
    // findRejection does this in the format of the platform.
    requireHostHeader: false,
  };
}
