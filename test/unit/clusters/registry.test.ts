import { describe, expect, it } from 'vitest';
import type { Registration } from '../../../src/clusters/registration.ts';
import { createRegistry } from '../../../src/clusters/registry.ts';
import { createStore } from '../../../src/kube/store.ts';
import { allowing, deploymentsOf, fresh } from '../http/support.ts';
import { fakeConnections, kubeconfigText, registration, type SecretParts } from './support.ts';

function setUp() {
  const store = createStore<Registration>({});
  const { opened, connect } = fakeConnections();
  const localCluster = {
    name: 'local',
    deployments: deploymentsOf('local', ['shop/web']),
    namespaces: () => [],
    freshness: () => fresh,
    maxStaleSeconds: 300,
    authorizer: allowing('*'),
  };
  const registry = createRegistry({ localCluster, store, connect });
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  let version = 0;
  /** Adds or changes a Secret, with a new resourceVersion each time. */
  const upsert = (parts: SecretParts) => {
    version += 1;
    store.upsert({ ...registration(parts), resourceVersion: String(version) });
    return settled();
  };
  const remove = (name: string) => {
    store.remove(`accesskey-system/${name}`);
    return settled();
  };
  const names = () => registry.all().map(({ name }) => name);
  const states = () => registry.reports().map(({ registration: { secretName }, state }) => [secretName, state]);
  return { registry, store, opened, upsert, remove, settled, names, states };
}

const elsewhere = kubeconfigText({ cluster: { server: 'https://east.example.com' } });

describe('the registry', () => {
  it('contains the local cluster from the start', () => {
    const { registry, names } = setUp();
    expect([names(), registry.get('local')?.deployments.size, registry.get('west')]).toEqual([['local'], 1, undefined]);
  });

  it('connects registered clusters, and removes a cluster with its Secret', async () => {
    const { registry, opened, upsert, remove, settled, names } = setUp();
    await upsert({});
    await upsert({ name: 'east', cluster: 'east', kubeconfig: elsewhere });
    expect([names(), registry.up()]).toEqual([
      ['east', 'local', 'west'],
      new Map([
        ['west', false],
        ['east', false],
      ]),
    ]);
    opened[0]?.becomes('available');
    await settled();
    expect(registry.get('west')?.deployments.size).toBe(1);
    expect(registry.up().get('west')).toBe(true);
    await remove('west');
    expect([names(), opened.map(({ closed }) => closed)]).toEqual([
      ['east', 'local'],
      [true, false],
    ]);
    expect(registry.get('west')).toBeUndefined();
  });

  it('reconciles a list once, independent of its order', async () => {
    const { store, opened, settled, states } = setUp();
    store.replace([
      registration({ name: 'young', createdAt: '2026-02-01T00:00:00Z', kubeconfig: elsewhere }),
      registration({ name: 'old' }),
    ]);
    await settled();
    expect(opened.map(({ server }) => server)).toEqual(['https://west.example.com:6443']);
    expect(states()).toEqual([
      ['old', 'connecting'],
      ['young', 'refused'],
    ]);
  });

  it('reconnects only for another kubeconfig', async () => {
    const { opened, upsert } = setUp();
    await upsert({});
    await upsert({});
    expect(opened.length).toBe(1);
    await upsert({ kubeconfig: elsewhere });
    expect(opened.map(({ server }) => server)).toEqual(['https://west.example.com:6443', 'https://east.example.com']);
  });

  it('treats a recreated Secret, or one with another name, as another registration', async () => {
    const { opened, upsert, names } = setUp();
    await upsert({});
    await upsert({ uid: 'another' });
    expect(opened.map(({ closed }) => closed)).toEqual([true, false]);
    await upsert({ uid: 'another', cluster: 'north' });
    expect([names(), opened.map(({ closed }) => closed)]).toEqual([
      ['local', 'north'],
      [true, true, false],
    ]);
  });

  it('passes a name to the next Secret when its holder is deleted', async () => {
    const { opened, upsert, remove, states } = setUp();
    await upsert({ name: 'a' });
    await upsert({ name: 'b', kubeconfig: elsewhere });
    await remove('a');
    expect(states()).toEqual([['b', 'connecting']]);
    expect(opened.map(({ server, closed }) => [server, closed])).toEqual([
      ['https://west.example.com:6443', true],
      ['https://east.example.com', false],
    ]);
  });

  it('does not connect a Secret with the name of the local cluster or with a rejected kubeconfig', async () => {
    const { registry, opened, upsert, states } = setUp();
    await upsert({ name: 'a', cluster: 'local' });
    await upsert({ name: 'b', kubeconfig: kubeconfigText({ user: { exec: { command: 'sh' } } }) });
    expect(opened).toEqual([]);
    expect(states()).toEqual([
      ['a', 'refused'],
      ['b', 'refused'],
    ]);
    expect(registry.get('local')?.deployments.size).toBe(1);
    // The name is registered, so that its paths are not 404.
    expect(registry.get('west')?.freshness().resourceVersion).toBeUndefined();
    await upsert({ name: 'b' });
    expect(states()).toContainEqual(['b', 'connecting']);
  });

  it('reports the last response of a cluster', async () => {
    const { registry, opened, upsert } = setUp();
    await upsert({});
    opened[0]?.becomes('unavailable');
    expect(registry.reports()[0]).toMatchObject({ state: 'unavailable', detail: 'last response was 401' });
  });

  it('closes all connections, and ignores later changes', async () => {
    const { registry, opened, upsert } = setUp();
    await upsert({});
    await registry.close();
    await upsert({ name: 'east', cluster: 'east' });
    expect(opened.map(({ closed }) => closed)).toEqual([true]);
  });
});
