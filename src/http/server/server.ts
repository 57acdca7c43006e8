import { createServer, type RequestListener, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Logger } from 'pino';
import { answerBrokenRequests, answerUnroutable, hasDotSegments, rejectTarget } from './broken-request.ts';
import { createDrain, type Drain } from './drain.ts';
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
  timeouts?: Partial<Timeouts>;
  /** Maximum number of connections, including TLS handshakes; further connections are closed. */
  maxConnections?: number;
}

const defaultTimeouts: Timeouts = { handshake: 10_000, request: 30_000, inactivity: 120_000, keepAlive: 65_000 };
const defaultMaxConnections = 4_096;
/** Maximum size of the request headers, bytes; a token is much smaller. */
const maxHeaderSize = 16_384;
/** How often Node checks for request timeouts, milliseconds. */
const checkingInterval = 5_000;

/**
 * Serves an app over HTTPS or plain HTTP.
 *
 * @throws Error with code EADDRINUSE, EACCES or EADDRNOTAVAIL if it cannot listen
 */
// biome-ignore lint/suspicious/noExplicitAny: any Hono app, whatever its environment
export async function serve(app: Pick<Hono<any>, 'fetch'>, options: ServeOptions): Promise<RunningServer> {
  const answer = getRequestListener(app.fetch, { errorHandler: answerUnroutable });
  const listener: RequestListener = (request, response) =>
    hasDotSegments(request.url ?? '') ? rejectTarget(response) : void answer(request, response);
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const limits = limitsOf(timeouts);
  const server = options.tls ? createTlsServer(listener, limits, options.tls) : createServer(limits, listener);
  server.timeout = timeouts.inactivity;
  server.maxConnections = options.maxConnections ?? defaultMaxConnections;
  answerBrokenRequests(server);
  const drain = createDrain(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.address, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return { address, port, beginDrain: drain.begin, close: drain.close };
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
    // The listener rejects requests without Host, in the format of the platform.
    requireHostHeader: false,
  };
}
