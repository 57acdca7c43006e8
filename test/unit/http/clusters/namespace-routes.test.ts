import { beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, fixedClusters, unavailableCluster } from '../../../../src/clusters/cluster.ts';
import { NamespaceList } from '../../../../src/http/clusters/namespaces.ts';
import { ConnectionError } from '../../../../src/kube/errors.ts';
import reference from '../../../fixtures/kpanda-cluster-definitions.json' with { type: 'json' };
import { contractOf } from '../../../support/contract.ts';
import { allowing, createPlatform, deploymentsOf, failing, fresh } from '../support.ts';

const base = '/apis/kpanda.io/v1alpha1';
const asl = `${base}/asl/namespaces`;
/** The fields that the operator may show; the others of this message must be absent. */
const knownFields = { v1alpha1Namespace: ['metadata'] };

function cluster(name: string, allowed: string[], change: Partial<Cluster> = {}): Cluster {
  return {
    name,
    authorizer: allowing(...allowed),
    deployments: deploymentsOf(name, ['shop/web']),
    namespaces: () => ['store', 'kube-system', 'shop'],
    freshness: () => fresh,
    maxStaleSeconds: 300,
    ...change,
  };
}

const east = cluster('east', ['*']);
const west = cluster('west', ['shop', 'store']);
const closed = cluster('closed', ['elsewhere']);
const broken = cluster('broken', [], { authorizer: failing(new ConnectionError('refused')) });
const clusters = fixedClusters([broken, closed, east, unavailableCluster('lost'), west]);

let token: string;
beforeAll(async () => {
  token = await (await createPlatform()).token();
});

async function ask(path: string, among = clusters) {
  const { get } = await createPlatform({ clusters: among });
  return get(path, { authorization: `Bearer ${token}` });
}

const names = (list: NamespaceList) => list.items.map(({ metadata }) => `${metadata.cluster}/${metadata.name}`);

function errorsOf(name: string, message: unknown) {
  const check = contractOf(reference.definitions, name, knownFields);
  check(message);
  return check.errors;
}

describe('the namespaces of a cluster', () => {
  it('have the form of the reference, without the fields that the operator may not show', async () => {
    const list = (await ask(`${base}/clusters/east/namespaces`)).json<NamespaceList>();
    expect(errorsOf('v1alpha1ListClusterNamespacesResponse', list)).toBeNull();
    expect(NamespaceList.parse(list)).toEqual(list);
    expect(names(list)).toEqual(['east/kube-system', 'east/shop', 'east/store']);
    expect(list.pagination).toEqual({ total: 3, page: 1, pageSize: 10, pages: 1 });
  });

  it('are those in which the user may list deployments, with or without deployments', async () => {
    expect(names((await ask(`${base}/clusters/west/namespaces`)).json())).toEqual(['west/shop', 'west/store']);
  });

  it.each([
    ['name=shop', ['east/shop']],
    ['name=sho', []],
    ['fuzzyName=STO', ['east/store']],
    ['excludeSystem=true', ['east/shop', 'east/store']],
    ['excludeSystem=false&pageSize=1&page=2', ['east/shop']],
    ['name=&phase=&labelSelector=&workspaceId=&excludeSystem=true', ['east/shop', 'east/store']],
    ['phase=NAMESPACE_PHASE_UNSPECIFIED&name=shop', ['east/shop']],
    ['sortDir=desc', ['east/kube-system', 'east/shop', 'east/store']],
    ['sortBy=field_name', ['east/store', 'east/shop', 'east/kube-system']],
    ['sortBy=namespace&sortDir=asc', ['east/kube-system', 'east/shop', 'east/store']],
  ])('%s', async (query, expected) => {
    const answer = await ask(`${base}/clusters/east/namespaces?${query}`);
    expect([answer.status, names(answer.json())]).toEqual([200, expected]);
  });

  it.each([
    ['east/namespaces?pageSize=0', 400, 'pageSize: must be a whole number from 1 to 500'],
    ['east/namespaces?phase=Active', 400, 'phase: must be one of NAMESPACE_PHASE_UNSPECIFIED'],
    ['east/namespaces?workspaceId=1', 400, 'workspaceId: not supported: there are no workspaces'],
    ['east/namespaces?cluster=east', 400, 'cluster: unknown parameter'],
    ['nowhere/namespaces', 404, 'cluster: not found'],
    ['closed/namespaces', 403, 'user ann may not list deployments in any namespace'],
  ])('%s is %d', async (path, status, message) => {
    const answer = await ask(`${base}/clusters/${path}`);
    expect([answer.status, answer.json().message]).toEqual([status, message]);
  });

  it('are 503 if the cluster is unavailable', async () => {
    for (const name of ['broken', 'lost']) {
      expect((await ask(`${base}/clusters/${name}/namespaces`)).status).toBe(503);
    }
  });
});

describe('the namespaces of all clusters', () => {
  it('have the form of the reference, and unavailable clusters are named in a header', async () => {
    const answer = await ask(asl);
    expect(errorsOf('v1alpha1ListNamespacesResponse', answer.json())).toBeNull();
    expect(names(answer.json())).toEqual(['east/kube-system', 'east/shop', 'west/shop', 'east/store', 'west/store']);
    expect(answer.headers.get('Unavailable-Clusters')).toBe('broken, lost');
  });

  it.each([
    ['cluster=west', ['west/shop', 'west/store']],
    ['cluster=west&cluster=east&name=shop', ['east/shop', 'west/shop']],
    ['cluster=&name=shop', ['east/shop', 'west/shop']],
    ['onlyUnassign=true&showVirtualCluster=true&includeResourceQuota=false&name=shop', ['east/shop', 'west/shop']],
    ['sortBy=cluster&excludeSystem=true', ['west/store', 'west/shop', 'east/store', 'east/shop']],
    ['sortBy=cluster&sortDir=asc&page=2&pageSize=2', ['east/store', 'west/shop']],
  ])('%s', async (query, expected) => {
    expect(names((await ask(`${asl}?${query}`)).json())).toEqual(expected);
  });

  it.each([
    ['includeResourceQuota=true', 400],
    ['phase=NAMESPACE_PHASE_UNSPECIFIED', 400],
    ['cluster=nowhere', 404],
    ['cluster=closed', 403],
    ['cluster=broken&cluster=closed', 503],
  ])('%s is %d', async (query, status) => {
    expect((await ask(`${asl}?${query}`)).status).toBe(status);
  });
});

it.each(['/clusters/here/namespaces', '/asl/namespaces'])('%s requires a token', async (path) => {
  const { get } = await createPlatform();
  expect((await get(base + path)).status).toBe(401);
});
