import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { TokenError } from '../token/token-error.ts';

/** Where to listen. */
export interface ListenAddress {
  /** Undefined for all addresses of the machine, also without IPv6. */
  readonly host: string | undefined;
  /** 0 for a free port. */
  readonly port: number;
}

/**
 * Reads `HOST:PORT`, with an IPv6 address in brackets; without a host, all addresses of the machine.
 *
 * @throws TokenError
 */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, host = bracketed, port] = /^(?:\[([\da-fA-F:.]+)\]|([^:\s]*)):(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    throw new TokenError('usage', '--metrics-address: must be HOST:PORT, for example 127.0.0.1:9464 or :9464');
  }
  return { host: host || undefined, port: Number(port) };
}

export interface StatusSources {
  readonly registry: Registry;
  readonly isReady: () => boolean;
}

/** Serves /metrics, /healthz and /readyz of an agent, never the token. */
export interface StatusServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws Error if the address is in use or not available */
export async function startStatusServer({ host, port }: ListenAddress, sources: StatusSources): Promise<StatusServer> {
  const server = createServer((request, response) => {
    answer(request.method === 'GET' ? request.url : undefined, response, sources).catch(() => response.destroy());
  });
  server.listen(port, host);
  await once(server, 'listening');
  // A connection that cannot be accepted must not end the agent.
  server.on('error', () => undefined);
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(url: string | undefined, response: ServerResponse, { registry, isReady }: StatusSources) {
  const send = (status: number, text: string, type = 'text/plain; charset=utf-8') =>
    response.writeHead(status, { 'Content-Type': type }).end(text);
  if (url === '/metrics') send(200, await registry.metrics(), registry.contentType);
  else if (url === '/healthz') send(200, 'ok\n');
  else if (url === '/readyz') send(isReady() ? 200 : 503, isReady() ? 'ok\n' : 'not ready: no valid token\n');
  else send(404, 'not found\n');
}
