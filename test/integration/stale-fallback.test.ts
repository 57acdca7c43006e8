/** While the API server is unavailable, responses are marked as stale for a while and then rejected. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { type Fault, type ProxyRequest, startFaultProxy } from '../support/fault-proxy.ts';
import { metricValue } from '../support/metrics.ts';
import {
  accessKeyManifest,
  createNamespace,
  createPair,
  deploymentsPath,
  type ErrorAnswer,
  getToken,
  type Listing,
} from '../support/platform.ts';
import { deploymentManifest } from '../support/workload.ts';

/** Long enough for all requests of a test on a busy machine. */
const maxStaleSeconds = 15;

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;
let seer: string;
let stranger: string;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  operator = await cluster.startOperator({ access: { cacheSeconds: 1, maxStaleSeconds } });
  for (const name of ['people', 'shop', 'store']) await createNamespace(kubectl, name);
  for (const namespace of ['shop', 'store']) await kubectl.apply(deploymentManifest(namespace, 'web'));
  await kubectl.run(['create', 'rolebinding', 'seer', '-n', 'shop', '--clusterrole=view', '--user=seer']);
  const sign = async (name: string) =>
    getToken(operator.url, await createPair(kubectl, accessKeyManifest('people', name)));
  [seer, stranger] = [await sign('seer'), await sign('stranger')];
});
afterAll(() => cluster?.stop());

async function list(token: string, path = deploymentsPath) {
  const answer = await fetch(operator.url + path, { headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  return {
    status: answer.status,
    isStale: answer.headers.get('Cache-Status')?.endsWith('; detail=stale'),
    age: Number(answer.headers.get('Age')),
    resourceVersion: answer.headers.get('Kubernetes-Resource-Version'),
    error: () => JSON.parse(text) as ErrorAnswer,
    names: () => (JSON.parse(text) as Listing).items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
  };
}

const metric = async (series: string) => Number(await metricValue(operator, series));

const cache = '{cluster="kpanda-global-cluster",cache="deployments",resource="deployments"}';
const single = (namespace: string) =>
  deploymentsPath.replace(/deployments$/, `namespaces/${namespace}/deployments/web`);

test('responses are fresh and have a resourceVersion while the API server is available', async () => {
  const answer = await poll('the right', async () => {
    const one = await list(seer);
    return one.status === 200 && one;
  });
  expect([answer.isStale, answer.names()]).toEqual([false, ['shop/web']]);
  const written = await kubectl.get<{ metadata: { resourceVersion: string } }>('deployment', 'web', '-n', 'shop');
  const listed = JSON.parse(await kubectl.run(['get', '--raw', '/apis/apps/v1/deployments']));
  expect(BigInt(answer.resourceVersion ?? 0)).toBeGreaterThanOrEqual(BigInt(written.metadata.resourceVersion));
  expect(BigInt(answer.resourceVersion ?? 0)).toBeLessThanOrEqual(BigInt(listed.metadata.resourceVersion));
  expect((await list(stranger)).status).toBe(403);
  expect((await list(seer, single('shop'))).status).toBe(200);
  expect(await metric(`accesskey_cache_watching${cache}`)).toBe(1);
});

test('cached data and decisions are served for a limited time after the API server is killed', async () => {
  const before = await list(seer);
  await Promise.all([list(stranger), list(seer, single('shop'))]);
  await cluster.controlPlane.stopApiServer('SIGKILL');
  // Compared after the wait: poll() would retry a failed assertion.
  const statuses = new Set<number>();
  const stale = await poll('a stale response', async () => {
    const one = await list(seer);
    statuses.add(one.status);
    return one.isStale && one;
  });
  expect([...statuses]).toEqual([200]);
  expect([stale.names(), stale.resourceVersion]).toEqual([['shop/web'], before.resourceVersion]);
  const later = await poll('stale decisions', async () => {
    const [allowed, denied, got] = [await list(seer), await list(stranger), await list(seer, single('shop'))];
    if (allowed.status === 503) throw new Error('too late');
    return (await metric('accesskey_access_stale_decisions_total')) > 3 && { allowed, denied, got };
  });
  expect(later.allowed.names()).toEqual(['shop/web']);
  expect([later.denied.status, later.got.status]).toEqual([403, 200]);
  expect(later.allowed.age).toBeGreaterThanOrEqual(stale.age);
  // There is no cached decision for this deployment.
  expect((await list(seer, single('store'))).status).toBe(503);
  expect(await metric(`accesskey_cache_watching${cache}`)).toBe(0);

  const rejected = await poll('a rejection', async () => {
    const one = await list(seer);
    return one.status !== 200 && one;
  });
  const message = 'cluster kpanda-global-cluster is unavailable, try again later';
  const unavailable = { code: 14, message, details: [] };
  expect([rejected.status, rejected.error()]).toEqual([503, unavailable]);
  expect((await list(stranger)).status).toBe(503);
  // The decisions can be older than the data.
  await poll('the age', async () => (await metric(`accesskey_cache_age_seconds${cache}`)) > maxStaleSeconds);
  expect((await fetch(`${operator.healthUrl}/readyz`)).status).toBe(200);

  await cluster.controlPlane.startApiServer();
  await kubectl.apply(deploymentManifest('shop', 'api'));
  const fresh = await poll('a fresh answer', async () => {
    const one = await list(seer);
    return one.status === 200 && one.names().length === 2 && one;
  });
  expect([fresh.names(), fresh.isStale]).toEqual([['shop/api', 'shop/web'], false]);
  expect(BigInt(fresh.resourceVersion ?? 0)).toBeGreaterThan(BigInt(before.resourceVersion ?? 0));
  await poll('the denial', async () => (await list(stranger)).status === 403);
});

test.each<[string, Fault]>([
  ['cut in the middle', { kind: 'cutAfterBytes', bytes: 20 }],
  ['a web page', { kind: 'answer', status: 200, body: '<html>Log in first</html>' }],
  ['an error of the API server', { kind: 'answer', status: 500, reason: 'InternalError' }],
])('with a review answered by %s the last decision is used, and other requests are not 500', async (_, fault) => {
  const { proxy, status } = await startThroughProxy();
  proxy.decide = (request) => (isReview(request) ? fault : undefined);
  const statuses = { seer: new Set<number>(), stranger: new Set<number>() };
  await poll('a review that fails', async () => {
    statuses.seer.add(await status(seer));
    statuses.stranger.add(await status(stranger));
    return (proxy.faults[fault.kind] ?? 0) > 2;
  });
  expect(statuses).toEqual({ seer: new Set([200]), stranger: new Set([403]) });
  expect(await status(seer, single('store'))).toBe(503);
});

test('the circuit breaker limits reviews that hang and the last decisions are used', async () => {
  const { proxy, status } = await startThroughProxy();
  proxy.decide = (request) => (isReview(request) ? { kind: 'delay', ms: 3_600_000 } : undefined);
  const before = proxy.requests.filter(isReview).length;
  await poll('a hanging review', async () => {
    await status(seer);
    return proxy.requests.filter(isReview).length > before;
  });
  for (let times = 0; times < 200; times += 1) {
    expect([await status(seer), await status(stranger)]).toEqual([200, 403]);
  }
  // Without the circuit breaker, each of the 400 listings would wait for at least one review.
  expect(proxy.requests.filter(isReview).length - before).toBeLessThan(40);
  expect(await status(seer, single('store'))).toBe(503);
});

const isReview = ({ path }: ProxyRequest) => path.endsWith('/subjectaccessreviews');

/** Starts an operator behind a proxy, with cached decisions for both users. */
async function startThroughProxy() {
  const proxy = await startFaultProxy(cluster.controlPlane);
  onTestFinished(() => proxy.stop());
  const kubeconfig = join(cluster.directory, 'proxied.kubeconfig');
  await proxy.kubeconfig(kubeconfig, cluster.operatorKubeconfig);
  const settings = { access: { cacheSeconds: 1, maxStaleSeconds: 3_600 } };
  const started = await cluster.startOperator(settings, kubeconfig);
  onTestFinished(async () => void (await started.stop('SIGKILL')));
  const status = async (token: string, path = deploymentsPath) =>
    (await fetch(started.url + path, { headers: { authorization: `Bearer ${token}` } })).status;
  await poll('the decisions', async () => (await status(seer)) === 200 && (await status(stranger)) === 403);
  return { proxy, status };
}
