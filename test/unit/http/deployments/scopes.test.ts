/** The routes for one namespace, one deployment and all clusters. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, fixedClusters, unavailableCluster } from '../../../../src/clusters/cluster.ts';
import { DeploymentItem, DeploymentList } from '../../../../src/deployments/kpanda/schema.ts';
import { ConnectionError } from '../../../../src/kube/errors.ts';
import { allowing, createPlatform, deploymentsOf, failing, fresh } from '../support.ts';

const base = '/apis/kpanda.io/v1alpha1';
const namespaces = `${base}/clusters/here/namespaces`;

let token: string;
beforeAll(async () => {
  token = await (await createPlatform()).token();
});

async function ask(path: string, change: Parameters<typeof createPlatform>[0] = {}, method = 'GET') {
  const platform = await createPlatform(change);
  const answer = await platform.get(path, { authorization: `Bearer ${token}` }, method);
  return { ...answer, logged: platform.logged };
}

const names = (answer: { json: <T>() => T }) =>
  answer
    .json<DeploymentList>()
    .items.map(({ metadata }) => `${metadata.cluster}/${metadata.namespace}/${metadata.name}`);

describe('the deployments of a namespace', () => {
  it.each(['*', 'shop'])('are listed for a user who may list in %s', async (allowed) => {
    const authorizer = allowing(allowed);
    const answer = await ask(`${namespaces}/shop/deployments?pageSize=1&page=2`, { cluster: { authorizer } });
    expect([answer.status, names(answer)]).toEqual([200, ['here/shop/web']]);
    expect(answer.json<DeploymentList>().pagination).toEqual({ total: 2, page: 2, pageSize: 1, pages: 2 });
    expect(answer.headers.get('Cache-Control')).toBe('private, no-cache');
  });

  it('are an empty list in an empty namespace, for a user who may list there', async () => {
    const answer = await ask(`${namespaces}/nowhere/deployments`, { cluster: { authorizer: allowing('nowhere') } });
    expect(DeploymentList.parse(answer.json())).toEqual({
      items: [],
      pagination: { total: 0, page: 1, pageSize: 10, pages: 0 },
    });
  });

  it.each(['store', 'nowhere'])('are forbidden in %s, whether or not there are any', async (namespace) => {
    const answer = await ask(`${namespaces}/${namespace}/deployments`, { cluster: { authorizer: allowing('shop') } });
    expect([answer.status, answer.json()]).toEqual([
      403,
      { code: 7, message: `user ann may not list deployments in the namespace ${namespace}`, details: [] },
    ]);
  });

  it.each(['Shop', 'a.b', '-a', 'a_b', '%20', '%2F', '%00', 'a'.repeat(64), '..%2f'])(
    'are rejected for the invalid namespace %s',
    async (namespace) => {
      const answer = await ask(`${namespaces}/${namespace}/deployments`);
      expect(answer.status).toBe(400);
      expect(answer.json().details[0]?.fieldViolations[0]?.field).toBe('namespace');
    },
  );

  it('are 404 in an unknown cluster', async () => {
    const answer = await ask(`${base}/clusters/elsewhere/namespaces/shop/deployments`);
    expect([answer.status, answer.json().message]).toEqual([404, 'cluster: not found']);
  });
});

describe('one deployment', () => {
  it.each(['*', 'shop', 'shop/web'])('is returned to a user who may get %s', async (allowed) => {
    const answer = await ask(`${namespaces}/shop/deployments/web`, { cluster: { authorizer: allowing(allowed) } });
    expect(answer.status).toBe(200);
    const item = DeploymentItem.parse(answer.json());
    expect(item.metadata).toMatchObject({ cluster: 'here', namespace: 'shop', name: 'web' });
  });

  it('is 404 if it does not exist, only for a user who may get it', async () => {
    const missing = await ask(`${namespaces}/shop/deployments/nothing`);
    expect([missing.status, missing.json()]).toEqual([
      404,
      { code: 5, message: 'name: not found in the namespace', details: [] },
    ]);
    const [present, absent] = await Promise.all(
      ['web', 'api1'].map((name) =>
        ask(`${namespaces}/shop/deployments/${name}`, { cluster: { authorizer: allowing('shop/api', 'store') } }),
      ),
    );
    expect(present?.status).toBe(403);
    expect(present?.text.replaceAll('web', 'api1')).toBe(absent?.text);
  });

  it('has no parameters', async () => {
    const answer = await ask(`${namespaces}/shop/deployments/web?page=1`);
    expect([answer.status, answer.json().message]).toEqual([400, 'page: unknown parameter']);
  });

  it.each(['Web', 'a_b', '%2E%2E%2F', 'a..b', 'a'.repeat(254)])('is rejected for the invalid name %s', async (name) => {
    const answer = await ask(`${namespaces}/shop/deployments/${name}`);
    expect(answer.status).toBe(400);
    expect(answer.json().details[0]?.fieldViolations[0]?.field).toBe('name');
  });

  it('is 503 if the cluster is unavailable', async () => {
    const authorizer = failing(new ConnectionError('refused'));
    expect((await ask(`${namespaces}/shop/deployments/web`, { cluster: { authorizer } })).status).toBe(503);
  });
});

function cluster(name: string, deployments: string[], authorizer = allowing('*')): Cluster {
  return {
    name,
    authorizer,
    deployments: deploymentsOf(name, deployments),
    namespaces: () => ['shop', 'store'],
    freshness: () => fresh,
    maxStaleSeconds: 300,
  };
}

describe('all clusters', () => {
  const path = `${base}/asl/deployments`;
  const east = cluster('east', ['shop/web', 'store/db']);
  const west = cluster('west', ['shop/api', 'shop/web'], allowing('shop'));
  const closed = cluster('closed', ['shop/web'], allowing());
  const broken = cluster('broken', ['shop/web'], failing(new ConnectionError('refused')));
  const among = (...clusters: Cluster[]) => ({ clusters: fixedClusters(clusters) });

  it('are merged in one order and paged, with the permissions of each cluster', async () => {
    const all = await ask(path, among(closed, east, west));
    expect(names(all)).toEqual(['west/shop/api', 'east/shop/web', 'west/shop/web', 'east/store/db']);
    const second = await ask(`${path}?page=2&pageSize=3`, among(closed, east, west));
    expect(names(second)).toEqual(['east/store/db']);
    expect(second.json<DeploymentList>().pagination).toEqual({ total: 4, page: 2, pageSize: 3, pages: 2 });
  });

  it.each([
    ['cluster=west', ['west/shop/api', 'west/shop/web']],
    ['cluster=west&cluster=east&cluster=west&namespace=shop', ['west/shop/api', 'east/shop/web', 'west/shop/web']],
    ['namespace=store', ['east/store/db']],
    ['cluster=&namespace=store', ['east/store/db']],
    ['cluster=&cluster=&namespace=store', ['east/store/db']],
    ['cluster=west&cluster=&namespace=', ['west/shop/api', 'west/shop/web']],
    ['showVirtualCluster=&namespace=store', ['east/store/db']],
    ['showVirtualCluster=true&namespace=store', ['east/store/db']],
    ['showVirtualCluster=false&namespace=store', ['east/store/db']],
  ])('are filtered by %s', async (query, expected) => {
    expect(names(await ask(`${path}?${query}`, among(east, west)))).toEqual(expected);
  });

  it.each([
    [`cluster=${'a'.repeat(254)}`, 400, 'cluster: must be 253 characters at most'],
    ['namespace=A', 400, 'namespace: must be a DNS label: lower-case letters, digits and hyphens'],
    ['namespace=a&namespace=b', 400, 'namespace: must be given only once'],
    ['showVirtualCluster=1', 400, 'showVirtualCluster: must be one of true, false'],
    ['cluster=east&cluster=nowhere', 404, 'cluster: not found'],
    ['cluster=closed', 403, 'user ann may not list deployments in any namespace'],
    ['cluster=west&namespace=store', 403, 'user ann may not list deployments in the namespace store'],
  ])('%s is %d', async (query, status, message) => {
    const answer = await ask(`${path}?${query}`, among(closed, east, west));
    expect([answer.status, answer.json().message]).toEqual([status, message]);
  });

  it.each([
    ['sortBy=cluster&sortDir=asc', ['east/shop/web', 'east/store/db', 'west/shop/api', 'west/shop/web']],
    ['sortBy=cluster', ['west/shop/web', 'west/shop/api', 'east/store/db', 'east/shop/web']],
    ['sortBy=field_name&sortDir=asc', ['west/shop/api', 'east/store/db', 'east/shop/web', 'west/shop/web']],
    ['sortBy=created_at', ['east/store/db', 'west/shop/web', 'east/shop/web', 'west/shop/api']],
    ['sortBy=state&sortDir=asc&fuzzyName=w', ['east/shop/web', 'west/shop/web']],
  ])('are merged in the order of %s', async (query, expected) => {
    expect(names(await ask(`${path}?${query}`, among(east, west)))).toEqual(expected);
    const pages = [1, 2, 3, 4].map((page) => ask(`${path}?${query}&pageSize=1&page=${page}`, among(east, west)));
    expect((await Promise.all(pages)).flatMap(names)).toEqual(expected);
  });

  it('leave out an unavailable cluster, and name it in a header', async () => {
    const answer = await ask(path, among(broken, east, unavailableCluster('north')));
    expect([answer.status, names(answer)]).toEqual([200, ['east/shop/web', 'east/store/db']]);
    expect(answer.headers.get('Unavailable-Clusters')).toBe('broken, north');
    const error = 'cluster broken: refused; cluster north: no response from cluster north yet';
    expect(answer.logged()).toMatchObject([{ status: 200, error }]);
    expect((await ask(path, among(east))).headers.has('Unavailable-Clusters')).toBe(false);
  });

  it.each([[among(broken)], [among(broken, closed)]])('are 503 if no other cluster has a result', async (clusters) => {
    expect((await ask(path, clusters)).status).toBe(503);
  });

  it.each([
    ['2 s if it has an open watch', true],
    ['half a second if it has not', false],
  ])('wait for a slow cluster for %s', async (_, watching) => {
    const never = () => new Promise<never>(() => undefined);
    const slow = { ...cluster('slow', ['shop/web']), freshness: () => ({ ...fresh, watching }) };
    slow.authorizer = { ...allowing('*'), visibleNamespaces: never };
    const answer = await ask(path, among(slow, east));
    expect([answer.status, answer.headers.get('Unavailable-Clusters')]).toEqual([200, 'slow']);
    expect(answer.logged()).toMatchObject([{ error: `cluster slow: no decision within ${watching ? 2 : 0.5} s` }]);
  });

  it('wait longer for a single cluster', async () => {
    const authorizer = { ...allowing('*'), visibleNamespaces: () => sleep(700, ['shop']) };
    const freshness = () => ({ ...fresh, watching: false });
    const slow = { ...cluster('slow', ['shop/web'], authorizer), freshness };
    expect(names(await ask(path, among(slow)))).toEqual(['slow/shop/web']);
  });

  it('are 403 without clusters', async () => {
    expect((await ask(path, among())).status).toBe(403);
  });
});

it.each([
  `${namespaces}/shop/deployments`,
  `${namespaces}/shop/deployments/web`,
  `${base}/asl/deployments`,
  `${base}/clusters/here/deployments`,
])('rejects other methods at %s', async (path) => {
  const answer = await ask(path, {}, 'DELETE');
  expect([answer.status, answer.headers.get('Allow')]).toEqual([405, 'GET, HEAD']);
  expect((await ask(path, {}, 'HEAD')).status).toBe(200);
});
