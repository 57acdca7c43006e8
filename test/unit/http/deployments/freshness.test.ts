/** What answers say about how fresh they are, and when they are too old to be one. */
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
    ...{ name, maxStaleSeconds: 300, authorizer: allowing('*') },
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
  const said = ['Age', 'Cache-Status', 'Kubernetes-Resource-Version'].map((name) => answer.headers.get(name));
  return { ...answer, said, logged: platform.logged };
}

describe.each(paths)('%s', (path) => {
  it('tells its age and resourceVersion', async () => {
    const { status, said } = await ask(path, cluster('here', fresh));
    expect([status, said]).toEqual([200, ['1', 'accesskey-operator; hit', '7']]);
  });

  it('says that it is stale while no watch is open', async () => {
    const { status, said } = await ask(path, cluster('here', stale));
    expect([status, said]).toEqual([200, ['12', 'accesskey-operator; hit; ttl=-12; detail=stale', '6']]);
  });

  it('tells it also of what the client has already', async () => {
    const first = await ask(path, cluster('here', fresh));
    const headers = { 'if-none-match': first.headers.get('ETag') ?? '' };
    const { status, said } = await askWith(headers, path, cluster('here', stale));
    expect([status, said]).toEqual([304, ['12', 'accesskey-operator; hit; ttl=-12; detail=stale', '6']]);
  });

  it.each([
    [300, false, 200],
    [300.1, false, 503],
    [Number.POSITIVE_INFINITY, false, 503],
    // A quiet cluster is heard about once a minute only.
    [1_000, true, 200],
  ])('that is %d s old, a watch open: %s, is a %i', async (ageSeconds, watching, status) => {
    const answer = await ask(path, cluster('here', { resourceVersion: '6', ageSeconds, watching }));
    expect(answer.status).toBe(status);
    if (status === 200) return;
    expect(answer.json()).toEqual({
      code: 14,
      message: 'the cluster here cannot be asked now, try again',
      details: [],
    });
    expect(answer.said).toEqual([null, null, null]);
    const heard = Number.isFinite(ageSeconds) ? 'last heard 300 s ago' : 'not heard yet';
    expect(answer.logged()).toMatchObject([{ error: expect.stringContaining(`cluster here was ${heard}`) }]);
  });
});

describe('of several clusters', () => {
  const path = `${base}/asl/deployments`;

  it('the least fresh one is told of, and no resourceVersion', async () => {
    const { said } = await ask(path, cluster('east', stale), cluster('west', fresh));
    expect(said).toEqual(['12', 'accesskey-operator; hit; ttl=-12; detail=stale', null]);
  });

  it('one that is too old is left out, and nothing is told of it', async () => {
    const old = cluster('east', { ...stale, ageSeconds: 301 });
    const { status, json, said } = await ask(path, old, cluster('west', fresh));
    expect([status, json<{ items: unknown[] }>().items.length]).toEqual([200, 1]);
    expect(said).toEqual(['1', 'accesskey-operator; hit', '7']);
  });

  it('one without rights is not told of', async () => {
    const closed = { ...cluster('east', stale), authorizer: allowing() };
    expect((await ask(path, closed, cluster('west', fresh))).said).toEqual(['1', 'accesskey-operator; hit', '7']);
  });
});
