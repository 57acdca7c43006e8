import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse, stringify } from 'yaml';
import { answer } from './fault-proxy/exchange.ts';
import type { Fault, FaultDecision, ProxyRequest } from './fault-proxy/fault.ts';
import { createUpstream, type UpstreamOptions } from './fault-proxy/upstream.ts';

export { statusObject } from './fault-proxy/exchange.ts';
export type { Fault, FaultDecision, ProxyRequest } from './fault-proxy/fault.ts';
export { randomFaults } from './fault-proxy/random-faults.ts';

/** Longer than any connection is idle in a test, milliseconds. The API server also keeps connections for minutes. */
const keepAliveMs = 180_000;

/** A proxy between a client and a real API server that injects faults. */
export interface FaultProxy {
  /** http://127.0.0.1:port */
  readonly url: string;
  /** Decides about each new request. By default, every request passes. */
  decide: FaultDecision;
  /** Every request since the start, in order of arrival. */
  readonly requests: readonly ProxyRequest[];
  /** How often a fault of each kind took effect. */
  readonly faults: Readonly<Partial<Record<Fault['kind'], number>>>;
  /** Destroys all client connections. */
  disconnect(): void;
  openConnections(): Promise<number>;
  /** Writes a copy of a kubeconfig whose clusters point to this proxy. */
  kubeconfig(file: string, original: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a proxy on a free loopback port. Errors of client or API server never throw. */
export async function startFaultProxy(options: UpstreamOptions): Promise<FaultProxy> {
  const upstream = createUpstream(options);
  const stopping = new AbortController();
  const describe = createDescriber();
  const requests: ProxyRequest[] = [];
  const faults: Partial<Record<Fault['kind'], number>> = {};
  let decide: FaultDecision = () => undefined;

  const server = createServer({ keepAliveTimeout: keepAliveMs }, (incoming, outgoing) => {
    outgoing.on('error', () => undefined);
    const request = describe(incoming);
    requests.push(request);
    const fault = decide(request);
    const onFault = ({ kind }: Fault) => {
      faults[kind] = (faults[kind] ?? 0) + 1;
    };
    // A failed connection to the API server looks the same to the client as without a proxy: no response.
    answer({ incoming, outgoing, request, fault, onFault, upstream, signal: stopping.signal }).catch(() =>
      outgoing.destroy(),
    );
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    get decide() {
      return decide;
    },
    set decide(next) {
      decide = next;
    },
    requests,
    faults,
    disconnect: () => server.closeAllConnections(),
    openConnections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    kubeconfig: async (file, original) =>
      writeFile(file, pointTo(url, await readFile(original, 'utf8')), { mode: 0o600 }),
    async stop() {
      if (!server.listening) return;
      stopping.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      upstream.close();
    },
  };
}

/** Describes incoming requests and counts those with equal method, path and isWatch. */
function createDescriber() {
  const counts = new Map<string, number>();
  let number = 0;
  return ({ method = 'GET', url = '/', headers }: IncomingMessage): ProxyRequest => {
    const { pathname: path, searchParams: query } = URL.parse(`http://proxy${url}`) ?? new URL('http://proxy');
    const isWatch = ['1', 'true'].includes(query.get('watch') ?? '');
    const what = `${method} ${path} ${isWatch}`;
    const nth = counts.get(what) ?? 0;
    counts.set(what, nth + 1);
    return { number: number++, nth, method, path, query, headers, isWatch, at: performance.now() };
  };
}

function pointTo(url: string, kubeconfig: string): string {
  const config = parse(kubeconfig) as { clusters: { name: string; cluster: object }[] };
  // client-node rejects http without this.
  const cluster = { server: url, 'insecure-skip-tls-verify': true };
  return stringify({ ...config, clusters: config.clusters.map(({ name }) => ({ name, cluster })) });
}
