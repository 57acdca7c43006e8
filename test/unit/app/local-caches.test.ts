import { pino } from 'pino';
import type { Dispatcher } from 'undici';
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

  it.each([
    [undefined, []],
    ['team-a', ['team-a']],
  ])('know the namespaces without a watch, with watchNamespace %s', (watchNamespace, names) => {
    const configuration = { clusterName: 'local', watchNamespace };
    const transport = { server: 'https://cluster.test', send: () => Promise.reject(), close: async () => undefined };
    const { caches } = createLocalCaches({ configuration, transport, log: pino({ level: 'silent' }) });
    expect([...caches.namespaces.values()].map(({ key }) => key)).toEqual(names);
  });

  it('keep only the identity of a Secret that no AccessKey controls', async () => {
    const stop = new AbortController();
    const labels = Object.fromEntries(Array.from({ length: 1_200 }, (_, n) => [`label-${n}`, 'x'.repeat(63)]));
    const metadata = { namespace: 'shop', name: 'large', uid: 'u', resourceVersion: '5', labels };
    const list = {
      metadata: { resourceVersion: '9' },
      items: [{ metadata, type: 'ghippo.io/access-key', data: labels }],
    };
    const transport: Transport = {
      server: 'https://cluster.test',
      async send({ path }) {
        if (!path.startsWith('/api/v1/secrets?limit')) throw new Error('not reachable');
        return { body: [Buffer.from(JSON.stringify(list))] } as unknown as Dispatcher.ResponseData;
      },
      close: async () => undefined,
    };
    const configuration = { clusterName: 'local', watchNamespace: undefined };
    const { caches, reflectors } = createLocalCaches({ configuration, transport, log: pino({ level: 'silent' }) });
    const secrets = reflectors.find(({ resource }) => resource === 'secrets');
    const running = secrets?.run(stop.signal);
    await secrets?.synced;
    expect(JSON.stringify(caches.secrets.get('shop/large')).length).toBeLessThan(1_000);
    stop.abort();
    await running;
  });
});
