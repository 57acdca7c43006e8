import { createServer, type RequestListener, type ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { answerBrokenRequests, answerUnroutable, hasDotSegments, refuseTarget } from './broken-request.ts';
import { createDrain, type Drain } from './drain.ts';
import { createTlsServer, type TlsOptions } from './tls-server.ts';

/** Where a server listens. */
export interface ListenOptions {
  address: string;
  /** 0 takes a free port. */
  port: number;
}

/** A server that answers. */
export interface RunningServer {
  address: string;
  port: number;
  /** Sends clients elsewhere while it still answers them. */
  beginDrain: Drain['begin'];
  /** Takes no new connections and resolves when the requests under way are answered, at the latest after `withinMs`. */
  close: Drain['close'];
}

/** How long clients may take, milliseconds. */
export interface Timeouts {
  /** For a TLS handshake. */
  handshake: number;
  /** For a request, its body included: against slow senders. */
  request: number;
  /** Without a byte in either direction: against clients that do not read their answer. */
  silence: number;
  /** Between two requests of a connection. Longer than the minute for which usual proxies keep an idle one. */
  keepAlive: number;
}

export interface ServeOptions extends ListenOptions {
  /** Serves HTTPS; without it, plain HTTP. */
  tls?: TlsOptions | undefined;
  timeouts?: Partial<Timeouts>;
  /** Connections at a time, those still shaking hands included; more are closed at once. */
  maxConnections?: number;
}

const defaultTimeouts: Timeouts = { handshake: 10_000, request: 30_000, silence: 120_000, keepAlive: 65_000 };
const defaultMaxConnections = 4_096;
/** The largest head of a request, bytes; a token in a header is far smaller. */
const maxHeaderSize = 16_384;
/** Requests are timed out when Node looks for them, so this much later at most; milliseconds. */
const checkingInterval = 5_000;

/**
 * Serves an app over HTTPS or plain HTTP.
 *
 * @throws Error with code EADDRINUSE, EACCES or EADDRNOTAVAIL when it cannot listen there
 */
// biome-ignore lint/suspicious/noExplicitAny: any Hono app, whatever its environment
export async function serve(app: Pick<Hono<any>, 'fetch'>, options: ServeOptions): Promise<RunningServer> {
  const answer = getRequestListener(app.fetch, { errorHandler: answerUnroutable });
  const listener: RequestListener = (request, response) =>
    hasDotSegments(request.url ?? '') ? refuseTarget(response) : void answer(request, response);
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const limits = limitsOf(timeouts);
  const server = options.tls ? createTlsServer(limits, listener, options.tls) : createServer(limits, listener);
  server.timeout = timeouts.silence;
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

function limitsOf({ handshake, request, keepAlive }: Timeouts): ServerOptions & { handshakeTimeout: number } {
  return {
    maxHeaderSize,
    handshakeTimeout: handshake,
    requestTimeout: request,
    headersTimeout: request,
    connectionsCheckingInterval: Math.min(request, checkingInterval),
    keepAliveTimeout: keepAlive,
    // A request without a Host is refused by the listener, which does it in our form.
    requireHostHeader: false,
  };
}
