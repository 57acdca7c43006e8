import { beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, fixedClusters, unavailableCluster } from '../../../../src/clusters/cluster.ts';
import { ClusterItem, ClusterList } from '../../../../src/http/clusters/schema.ts';
import { ConnectionError } from '../../../../src/kube/errors.ts';
import reference from '../../../fixtures/kpanda-cluster-definitions.json' with { type: 'json' };
import { contractOf } from '../../../support/contract.ts';
import { allowing, createPlatform, deploymentsOf, failing, fresh } from '../support.ts';

const base = '/apis/kpanda.io/v1alpha1/clusters';
/** The fields that the operator knows; the others of these messages must be absent. */
const knownFields = { v1alpha1ClusterSpec: ['aliasName'], v1alpha1ClusterStatus: ['phase'] };

function cluster(name: string, change: Partial<Cluster> = {}): Cluster {
  return {
    name,
    authorizer: allowing('*'),
    deployments: deploymentsOf(name, ['shop/web']),
    namespaces: () => ['shop', 'store'],
    freshness: () => fresh,
    maxStaleSeconds: 300,
    ...change,
  };
}

const east = cluster('east');
const stale = cluster('stale', { freshness: () => ({ ...fresh, watching: false }) });
const empty = cluster('empty', { authorizer: allowing('store') });
const closed = cluster('closed', { authorizer: allowing() });
const broken = cluster('broken', { authorizer: failing(new ConnectionError('refused')) });
const among = (...clusters: Cluster[]) => ({ clusters: fixedClusters(clusters) });

let token: string;
beforeAll(async () => {
  token = await (await createPlatform()).token();
});

async function ask(path: string, change: Parameters<typeof createPlatform>[0] = {}) {
  const { get } = await createPlatform(change);
  return get(base + path, { authorization: `Bearer ${token}` });
}
const names = (list: ClusterList) => list.items.map(({ metadata }) => metadata.name);

function errorsOf(name: string, message: unknown) {
  const check = contractOf(reference.definitions, name, knownFields);
  check(message);
  return check.errors;
}

describe('the list of clusters', () => {
  it('has the form of the reference, without the fields that the operator does not know', async () => {
    const list = (await ask('', among(east, stale))).json<ClusterList>();
    expect(errorsOf('v1alpha1ListClustersResponse', list)).toBeNull();
    expect(ClusterList.parse(list)).toEqual(list);
    expect(list.pagination).toEqual({ total: 2, page: 1, pageSize: 10, pages: 1 });
    expect(list.items.map(({ metadata, status }) => [metadata.name, status.phase])).toEqual([
      ['east', 'Running'],
      ['stale', 'Unknown'],
    ]);
    const [item] = list.items;
    expect(errorsOf('v1alpha1Cluster', { ...item, status: { phase: 'Running', proxyMode: '' } })).not.toBeNull();
  });

  it('contains only clusters in which the user may list deployments', async () => {
    expect(names((await ask('', among(closed, east, empty))).json())).toEqual(['east', 'empty']);
    const answer = await ask('', among(closed));
    expect([answer.status, names(answer.json()), answer.headers.get('Unavailable-Clusters')]).toEqual([200, [], null]);
  });

  it('leaves out unavailable clusters, and names them in a header', async () => {
    const answer = await ask('', among(broken, east, unavailableCluster('west')));
    expect(names(answer.json())).toEqual(['east']);
    expect(answer.headers.get('Unavailable-Clusters')).toBe('broken, west');
    expect((await ask('', among(broken, closed))).status).toBe(503);
  });

  it.each([
    ['name=east', ['east']],
    ['name=eas', []],
    ['name=&fuzzyName=&phase=&labelSelector=&managedBy=&page=&sortBy=&role=', ['east', 'empty', 'stale']],
    ['fuzzyName=ST', ['east', 'stale']],
    ['phase=Running', ['east', 'empty']],
    ['phase=Unknown', ['stale']],
    ['phase=CLUSTER_PHASE_UNSPECIFIED&role=CLUSTER_ROLE_UNSPECIFIED', ['east', 'empty', 'stale']],
    ['phase=Failed', []],
    ['sortDir=desc', ['east', 'empty', 'stale']],
    ['sortBy=field_name', ['stale', 'empty', 'east']],
    ['sortBy=cluster&sortDir=asc', ['east', 'empty', 'stale']],
    ['page=2&pageSize=2', ['stale']],
    ['showVirtualCluster=true&showShimCluster=true&excludeMetrics=true', ['east', 'empty', 'stale']],
  ])('%s', async (query, expected) => {
    const answer = await ask(`?${query}`, among(east, empty, stale));
    expect([answer.status, names(answer.json())]).toEqual([200, expected]);
  });

  it.each([
    ['pageSize=501', 'pageSize: must be a whole number from 1 to 500'],
    ['sortBy=created_at', 'sortBy: must be one of SORT_BY_UNSPECIFIED, field_name, cluster'],
    ['role=CLUSTER_ROLE_WORKER', 'role: must be one of CLUSTER_ROLE_UNSPECIFIED'],
    ['managedBy=a', 'managedBy: not supported: the operator does not know this property of clusters'],
    ['labelSelector=a', 'labelSelector: not supported: the operator does not know this property of clusters'],
    ['managedBy=&managedBy=', 'managedBy: must be given only once'],
    ['status=Running', 'status: unknown parameter'],
  ])('rejects %s', async (query, message) => {
    const answer = await ask(`?${query}`, among(east));
    expect([answer.status, answer.json().message]).toEqual([400, message]);
  });
});

describe('one cluster', () => {
  it('has the form of the reference', async () => {
    const answer = await ask('/east?excludeMetrics=true', among(east));
    expect(errorsOf('v1alpha1Cluster', answer.json())).toBeNull();
    expect(ClusterItem.parse(answer.json()).metadata.name).toBe('east');
  });

  it.each([
    ['/nowhere', 404, 'cluster: not found'],
    ['/closed', 403, 'user ann may not list deployments in any namespace'],
    ['/east?page=1', 400, 'page: unknown parameter'],
    [`/${'a'.repeat(254)}`, 400, 'name: must be 253 characters at most'],
  ])('%s is %d', async (path, status, message) => {
    const answer = await ask(path, among(closed, east));
    expect([answer.status, answer.json().message]).toEqual([status, message]);
  });

  it('is 503 if it is unavailable', async () => {
    expect((await ask('/west', among(east, unavailableCluster('west')))).status).toBe(503);
  });
});

it.each(['', '/here'])('%s requires a token', async (path) => {
  const { get } = await createPlatform();
  expect((await get(base + path)).status).toBe(401);
});
