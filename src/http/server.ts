import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';

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
  /** Takes no new connections and resolves when the requests under way are answered, at the latest after `withinMs`. */
  close(withinMs: number): Promise<void>;
}

/** The largest head of a request, bytes; a token in a header is far smaller. */
const maxHeaderSize = 16_384;
/** A client must have sent its request by then, milliseconds (against slow clients). */
const requestTimeout = 30_000;

/**
 * Serves an app over plain HTTP.
 *
 * @throws Error with code EADDRINUSE, EACCES or EADDRNOTAVAIL when it cannot listen there
 */
// biome-ignore lint/suspicious/noExplicitAny: any Hono app, whatever its environment
export async function serve(app: Pick<Hono<any>, 'fetch'>, options: ListenOptions): Promise<RunningServer> {
  const serverOptions = { maxHeaderSize, requestTimeout, headersTimeout: requestTimeout };
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.address, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return { address, port, close: (withinMs) => close(server, withinMs) };
}

async function close(server: Server, withinMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const timer = setTimeout(() => server.closeAllConnections(), withinMs);
  await closed;
  clearTimeout(timer);
}
