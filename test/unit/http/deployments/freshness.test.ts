/** The freshness headers of responses, and 503 for data that is too old. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, fixedClusters } from '../../../../src/clusters/cluster.ts';
import type { Freshness } from '../../../../src/kube/freshness.ts';
import { allowing, createPlatform, deploymentsOf, fresh } from '../support.ts';

const base = '/apis/kpanda.io/v1alpha1';
const paths = [
  `${base}/clusters/here/deployments`,
  `${base}/clusters/here/namespaces/shop/deployments`,
  `${base}/clusters/here/namespaces/shop/deployments/web`,
  `${base}/asl/deployments`,
];
const stale: Freshness = { resourceVersion: '6', ageSeconds: 12.9, watching: false };

let token: string;
beforeAll(async () => {
  token = await (await createPlatform()).token();
});

function cluster(name: string, freshness: Freshness): Cluster {
  return {
    name,
    maxStaleSeconds: 300,
    authorizer: allowing('*'),
    deployments: deploymentsOf(name, ['shop/web']),
    namespaces: () => ['shop'],
    freshness: () => freshness,
  };
}

async function ask(path: string, ...clusters: Cluster[]) {
  return askWith({}, path, ...clusters);
}

async function askWith(headers: Record<string, string>, path: string, ...clusters: Cluster[]) {
  const platform = await createPlatform({ clusters: fixedClusters(clusters) });
  const answer = await platform.get(path, { authorization: `Bearer ${token}`, ...headers });
  const freshness = ['Age', 'Cache-Status', 'Kubernetes-Resource-Version'].map((name) => answer.headers.get(name));
  return { ...answer, freshness, logged: platform.logged };
}

describe.each(paths)('%s', (path) => {
  it('returns its age and resourceVersion', async () => {
    const { status, freshness } = await ask(path, cluster('here', fresh));
    expect([status, freshness]).toEqual([200, ['1', 'accesskey-operator; hit', '7']]);
  });

  it('is marked as stale while no watch is open', async () => {
    const { status, freshness } = await ask(path, cluster('here', stale));
    expect([status, freshness]).toEqual([200, ['12', 'accesskey-operator; hit; ttl=-12; detail=stale', '6']]);
  });

  it('returns its freshness also with 304', async () => {
    const first = await ask(path, cluster('here', fresh));
    const headers = { 'if-none-match': first.headers.get('ETag') ?? '' };
    const { status, freshness } = await askWith(headers, path, cluster('here', stale));
    expect([status, freshness]).toEqual([304, ['12', 'accesskey-operator; hit; ttl=-12; detail=stale', '6']]);
  });

  it.each([
    [300, false, 200],
    [300.1, false, 503],
    [Number.POSITIVE_INFINITY, false, 503],
    // A quiet cluster sends a bookmark about once a minute.
    [1_000, true, 200],
  ])('with an age of %d s and an open watch: %s, returns %i', async (ageSeconds, watching, status) => {
    const answer = await ask(path, cluster('here', { resourceVersion: '6', ageSeconds, watching }));
    expect(answer.status).toBe(status);
    if (status === 200) return;
    expect(answer.json()).toEqual({
      code: 14,
      message: 'cluster here is unavailable, try again later',
      details: [],
    });
    expect(answer.freshness).toEqual([null, null, null]);
    const time = Number.isFinite(ageSeconds) ? 'for 300 s' : 'yet';
    expect(answer.logged()).toMatchObject([
      { error: expect.stringContaining(`no response from cluster here ${time}`) },
    ]);
  });
});

describe('the freshness of several clusters', () => {
  const path = `${base}/asl/deployments`;

  it('is that of the least fresh one, without a resourceVersion', async () => {
    const { freshness } = await ask(path, cluster('east', stale), cluster('west', fresh));
    expect(freshness).toEqual(['12', 'accesskey-operator; hit; ttl=-12; detail=stale', null]);
  });

  it('excludes a cluster that is too old', async () => {
    const old = cluster('east', { ...stale, ageSeconds: 301 });
    const { status, json, freshness } = await ask(path, old, cluster('west', fresh));
    expect([status, json<{ items: unknown[] }>().items.length]).toEqual([200, 1]);
    expect(freshness).toEqual(['1', 'accesskey-operator; hit', '7']);
  });

  it('excludes a cluster without permissions', async () => {
    const closed = { ...cluster('east', stale), authorizer: allowing() };
    expect((await ask(path, closed, cluster('west', fresh))).freshness).toEqual(['1', 'accesskey-operator; hit', '7']);
  });
});
