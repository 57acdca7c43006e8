import { pino } from 'pino';
import { expect, it } from 'vitest';
import { listDeployments, type Source } from '../../../src/deployments/listing.ts';
import { createDeploymentTransform } from '../../../src/deployments/record.ts';
import { createDeploymentStore } from '../../../src/deployments/store.ts';
import { createReflector } from '../../../src/kube/reflector.ts';
import type { Transport } from '../../../src/kube/transport.ts';

const object = (namespace: string, name: string) => ({ metadata: { namespace, name, resourceVersion: '1' } });
const added = (namespace: string, name: string) => ({ type: 'ADDED', object: object(namespace, name) });

/** @returns a cluster with one Deployment whose first watch sends these events */
function clusterSending(events: readonly object[]): Transport {
  const bodies = [
    JSON.stringify({ metadata: { resourceVersion: '1' }, items: [object('shop', 'web')] }),
    events.map((event) => `${JSON.stringify(event)}\n`).join(''),
  ];
  return {
    server: 'https://10.0.0.1',
    send: async () => ({ body: [Buffer.from(bodies.shift() ?? '')] }) as never,
    close: async () => undefined,
  };
}

it('keeps its rows if a cluster sends names that have the same key', async () => {
  const store = createDeploymentStore();
  const watched = Promise.withResolvers<void>();
  const reflector = createReflector({
    transport: clusterSending([
      added('a/b', 'c'),
      added('a', 'b/c'),
      added('a/b', 'b/c'),
      { type: 'DELETED', object: object('a/b', 'b/c') },
    ]),
    target: { path: '/apis/apps/v1/deployments' },
    store,
    transform: createDeploymentTransform('west'),
    log: pino({ level: 'warn' }, { write: () => watched.resolve() }),
  });
  const stop = new AbortController();
  const running = reflector.run(stop.signal);
  await watched.promise;
  stop.abort();
  await running;
  const source: Source = { store, namespaces: 'all' };
  const { items, pagination } = listDeployments([source], {
    page: 1,
    pageSize: 10,
    by: 'namespace',
    descending: false,
  });
  expect([items.map(({ key }) => key), pagination.total]).toEqual([['shop/web'], 1]);
  store.replace([]);
  expect(store.nonEmptyNamespaces()).toEqual([]);
});
