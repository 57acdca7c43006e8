import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { answerBrokenRequests, answerUnroutable } from './broken-request.ts';
import { createDrain, type Drain } from './drain.ts';

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
  close: Drain;
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
  const server = createServer(
    // A request without a Host is refused by the listener, which does it in our form.
    { maxHeaderSize, requestTimeout, headersTimeout: requestTimeout, requireHostHeader: false },
    getRequestListener(app.fetch, { errorHandler: answerUnroutable }),
  );
  answerBrokenRequests(server);
  const drain = createDrain(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.address, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return { address, port, close: drain };
}
