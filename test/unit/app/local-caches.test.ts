import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createLocalCaches } from '../../../src/app/local-caches.ts';
import type { Transport } from '../../../src/kube/transport.ts';

/** The paths that the caches list first. */
async function listedPaths(watchNamespace: string | undefined): Promise<URL[]> {
  const paths: URL[] = [];
  const stop = new AbortController();
  const transport: Transport = {
    server: 'https://cluster.test',
    async send({ path }) {
      paths.push(new URL(path, 'https://cluster.test'));
      throw new Error('not reachable');
    },
    close: async () => undefined,
  };
  const configuration = { clusterName: 'local', watchNamespace };
  const { reflectors } = createLocalCaches({ configuration, transport, log: pino({ level: 'silent' }) });
  const running = reflectors.map((one) => one.run(stop.signal));
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await Promise.all(running);
  return paths;
}

describe('the caches of the local cluster', () => {
  it.each([
    [undefined, '/api/v1/secrets'],
    ['team-a', '/api/v1/namespaces/team-a/secrets'],
  ])('find Secrets by their type and not by a label, with watchNamespace %s', async (namespace, path) => {
    const secrets = (await listedPaths(namespace)).filter(({ pathname }) => pathname === path);
    expect(secrets.map(({ searchParams }) => searchParams.get('fieldSelector'))).toEqual(['type=ghippo.io/access-key']);
    expect(secrets.map(({ searchParams }) => searchParams.get('labelSelector'))).toEqual([null]);
  });
});
