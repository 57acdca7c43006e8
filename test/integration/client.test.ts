/** A client generated from the OpenAPI document, used with a real operator. */
import createClient, { type Middleware } from 'openapi-fetch';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { paths } from '../../tools/openapi-client/api.generated.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { accessKeyManifest, createNamespace, createPair, type Pair } from '../support/platform.ts';

const clusterName = 'kpanda-global-cluster';

let cluster: TestCluster;
let operator: OperatorProcess;
let pair: Pair;

beforeAll(async () => {
  cluster = await startTestCluster();
  operator = await cluster.startOperator();
  const { kubectl } = cluster;
  await createNamespace(kubectl, 'people');
  await kubectl.run(['create', 'clusterrolebinding', 'alice', '--clusterrole=view', '--user=alice']);
  await kubectl.run(['create', 'deployment', 'storefront', '-n', 'people', '--image=nginx']);
  pair = await createPair(kubectl, accessKeyManifest('people', 'alice'));
});
afterAll(() => cluster?.stop());

const createApi = () => createClient<paths>({ baseUrl: operator.url });

/** @returns a client with a token from client credentials */
async function signIn() {
  const api = createApi();
  const token = await poll('a token', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const body = { grant_type: 'client_credentials', client_id: pair.ak, client_secret: pair.sk } as const;
    const { data } = await api.POST('/oauth2/token', { body, headers });
    return data?.access_token;
  });
  const bearer: Middleware = { onRequest: ({ request }) => request.headers.set('Authorization', `Bearer ${token}`) };
  api.use(bearer);
  return api;
}

test('gets a token for a pair, or an error that names the parameter', async () => {
  await signIn();
  const api = createApi();
  const { data } = await api.POST('/apis/ghippo.io/v1alpha1/token', { body: { ...pair, cycle: 1 } });
  expect(data?.token.split('.')).toHaveLength(3);
  const { error, response } = await api.POST('/apis/ghippo.io/v1alpha1/token', { body: { ...pair, cycle: 0 } });
  expect([response.status, error?.code, error?.message]).toEqual([400, 3, expect.stringContaining('cycle: ')]);
});

test('lists deployments and gets one', async () => {
  const api = await signIn();
  const path = { cluster: clusterName, namespace: 'people', name: 'storefront' };
  const { data } = await poll('the deployment', async () => {
    const query = { page: 1, pageSize: 5, sortBy: 'field_name', phase: 'Not_Ready' } as const;
    const found = await api.GET('/apis/kpanda.io/v1alpha1/clusters/{cluster}/deployments', { params: { path, query } });
    return found.data?.items.length ? found : undefined;
  });
  expect(data?.items.map(({ metadata }) => metadata.name)).toEqual(['storefront']);
  const one = await api.GET('/apis/kpanda.io/v1alpha1/clusters/{cluster}/namespaces/{namespace}/deployments/{name}', {
    params: { path },
  });
  expect(one.data?.spec.template?.spec?.containers.map(({ image }) => image)).toEqual(['nginx']);
  const missing = await api.GET('/apis/kpanda.io/v1alpha1/clusters/{cluster}/deployments', {
    params: { path: { cluster: 'nowhere' } },
  });
  expect([missing.response.status, missing.error?.code]).toEqual([404, 5]);
});

test('gets the current user and lists users', async () => {
  const api = await signIn();
  const { data: user } = await api.GET('/apis/ghippo.io/v1alpha1/current-user');
  expect(user?.username).toBe('alice');
  const list = await api.GET('/apis/ghippo.io/v1alpha1/users', { params: { query: { search: 'ali' } } });
  expect(list.data?.items.map(({ id, name }) => [id, name])).toEqual([[user?.uid, 'alice']]);
});
