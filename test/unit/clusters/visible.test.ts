import { pino } from 'pino';
import type { Dispatcher } from 'undici';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createClusterAccess } from '../../../src/access/cluster-access.ts';
import type { Cluster } from '../../../src/clusters/cluster.ts';
import { visibleInEach } from '../../../src/clusters/visible.ts';
import { ConnectionError } from '../../../src/kube/errors.ts';
import type { Transport } from '../../../src/kube/transport.ts';
import { deploymentsOf } from '../http/support.ts';

const ann = { name: 'ann', groups: [] };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Creates a cluster that grants ann one of two namespaces, and can hang: it accepts requests and never responds. */
function createCluster(name: string) {
  const state = { hangs: false, watching: true };
  const transport: Transport = {
    server: `https://${name}`,
    async send({ body = '', timeoutMs = 0 }) {
      if (state.hangs) {
        await new Promise((resolve) => setTimeout(resolve, timeoutMs));
        throw new ConnectionError('no response');
      }
      const allowed = JSON.parse(body).spec.resourceAttributes.namespace === 'shop';
      const review = { metadata: { name: '', resourceVersion: '1' }, status: { allowed } };
      return { body: [Buffer.from(JSON.stringify(review))] } as unknown as Dispatcher.ResponseData;
    },
    close: async () => undefined,
  };
  const { authorizer } = createClusterAccess({
    transport,
    log: pino({ level: 'silent' }),
    cacheSeconds: 10,
    maxStaleSeconds: 300,
    isWatching: () => state.watching,
    namespacesToCheck: 'all',
  });
  const cluster: Cluster = {
    name,
    deployments: deploymentsOf(name, ['shop/web', 'store/db']),
    namespaces: () => ['shop', 'store'],
    freshness: () => ({ resourceVersion: '1', ageSeconds: 20, watching: state.watching }),
    maxStaleSeconds: 300,
    authorizer,
  };
  return { cluster, state };
}

it.each([
  [true, 10],
  [true, 3],
  [false, 10],
  [false, 3],
])('lists a cluster that hangs from its caches (watch open: %s), in requests every %d s', async (watching, seconds) => {
  const [local, west] = [createCluster('local'), createCluster('west')];
  const list = async () => {
    const visible = visibleInEach([local.cluster, west.cluster], ann);
    await vi.advanceTimersByTimeAsync(seconds * 1_000);
    const { sources, failures } = await visible;
    return { namespaces: sources.map((source) => source.namespaces), failures };
  };
  await list();
  await vi.advanceTimersByTimeAsync(10_000);
  Object.assign(west.state, { hangs: true, watching });
  for (let request = 0; request < 10; request += 1) {
    expect(await list()).toEqual({ namespaces: [['shop'], ['shop']], failures: [] });
  }
});
