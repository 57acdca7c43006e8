import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { HttpMetrics } from '../common/dependencies.ts';
import { answerBrokenRequests, maxHeaderSize } from './broken-request.ts';
import { createDrain, type Drain } from './drain.ts';
import { closeInactiveConnections } from './inactivity.ts';
import { createListener, type ServedApp } from './listener.ts';
import { createPipeline } from './pipeline.ts';
import { createRecord } from './rejected-request.ts';
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
export async function serve(app: ServedApp, options: ServeOptions): Promise<RunningServer> {
  const record = createRecord(options.log, options.metrics);
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const limits = limitsOf(timeouts);
  const server = options.tls ? createTlsServer(limits, options.tls) : createServer(limits);
  const drain = createDrain(server);
  const pipeline = createPipeline(drain.track);
  server.on('request', createListener(app, pipeline, record));
  closeInactiveConnections(server, timeouts.inactivity);
  server.maxConnections = options.maxConnections ?? defaultMaxConnections;
  answerBrokenRequests(server, record);
  answerSpecialRequests(server, record, pipeline);
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

/** Failed TLS handshakes are logged only at level debug: port scans and plain HTTP requests are common. */
function createTlsServer(options: ServerOptions, { certificate, log }: TlsOptions) {
  const server = createHttpsServer(options);
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
