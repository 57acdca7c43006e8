/** Counts the requests of a reconcile at the real API server. */
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { type FaultProxy, type ProxyRequest, startFaultProxy } from '../support/fault-proxy.ts';
import {
  type AccessKeyObject,
  accessKeyManifest,
  conditionOf,
  createNamespace,
  eventNotes,
  readPair,
  waitObserved,
  waitReady,
} from '../support/platform.ts';
import { reconcileAgain } from '../support/reconciliation.ts';

const namespace = 'counted';
let cluster: TestCluster;
let proxy: FaultProxy;
let operator: OperatorProcess;

beforeAll(async () => {
  cluster = await startTestCluster();
  proxy = await startFaultProxy(cluster.controlPlane);
  const kubeconfig = join(cluster.directory, 'counted.kubeconfig');
  await proxy.kubeconfig(kubeconfig, cluster.operatorKubeconfig);
  operator = await cluster.startOperator({}, kubeconfig);
  await createNamespace(cluster.kubectl, namespace);
});
beforeEach(() => {
  proxy.decide = () => undefined;
});
afterAll(async () => {
  await proxy?.stop();
  await cluster?.stop();
});

/** The requests that the controller has sent in the namespace since the given one, as `METHOD resource`, sorted. */
function requestsSince(first: number): string[] {
  const inNamespace = ({ path, isWatch }: ProxyRequest) => path.includes(`/namespaces/${namespace}/`) && !isWatch;
  const describe = ({ method, path }: ProxyRequest) => `${method} ${path.split(`/namespaces/${namespace}/`)[1]}`;
  return proxy.requests.slice(first).filter(inNamespace).map(describe).sort();
}

/** Applies an AccessKey and waits until the controller is idle. @returns the requests that this took */
async function requestsFor(manifest: ReturnType<typeof accessKeyManifest>): Promise<string[]> {
  const { kubectl } = cluster;
  const { name } = manifest.metadata;
  const first = proxy.requests.length;
  await kubectl.apply(manifest);
  await waitObserved(kubectl, namespace, name);
  await poll('an Event', async () => requestsSince(first).includes('POST events'));
  await reconcileAgain(operator, kubectl, `${namespace}/${name}`);
  return requestsSince(first);
}

test('a new AccessKey takes two requests in addition to its Secrets and its status', async () => {
  const keyPairs = [{ name: 'main' }, { name: 'ci' }];
  expect(await requestsFor(accessKeyManifest(namespace, 'ann', { keyPairs }))).toEqual([
    'GET accesskeys/ann',
    'PATCH accesskeys/ann/status',
    'POST events',
    'POST secrets',
    'POST secrets',
  ]);
  await waitReady(cluster.kubectl, namespace, 'ann');
  expect(await eventNotes(cluster.kubectl, namespace, 'ann', 'KeyPairCreated')).toEqual([
    'Created key pair main in Secret ann-main. Created key pair ci in Secret ann-ci',
  ]);
});

test('an added key pair takes a list of names, and reads no Secret of another owner', async () => {
  const { kubectl } = cluster;
  const type = 'ghippo.io/access-key';
  for (const name of ['large-1', 'large-2']) {
    const metadata = { name, namespace };
    await kubectl.apply({ apiVersion: 'v1', kind: 'Secret', metadata, type, stringData: { a: 'b' } });
  }
  await kubectl.apply(accessKeyManifest(namespace, 'eve', { keyPairs: [{ name: 'main' }] }));
  await waitReady(kubectl, namespace, 'eve');
  const keyPairs = [{ name: 'main' }, { name: 'ci' }];
  const requests = await requestsFor(accessKeyManifest(namespace, 'eve', { keyPairs }));
  expect(requests.filter((one) => one.includes(' secrets'))).toEqual([
    'GET secrets',
    'GET secrets/eve-main',
    'POST secrets',
  ]);
});

test('a Secret of another owner at the wanted name stays untouched, and causes no writes later', async () => {
  const { kubectl } = cluster;
  await kubectl.run(['create', 'secret', 'generic', 'bob-main', '-n', namespace, '--from-literal=ak=mine']);
  const before = await kubectl.get('secret', 'bob-main', '-n', namespace);
  const requests = await requestsFor(accessKeyManifest(namespace, 'bob'));
  expect(conditionOf(await kubectl.get<AccessKeyObject>('accesskey', 'bob', '-n', namespace), 'Ready')).toMatchObject({
    reason: 'SecretConflict',
  });
  expect(await kubectl.get('secret', 'bob-main', '-n', namespace)).toEqual(before);
  expect(requests.filter((one) => one === 'POST secrets')).toHaveLength(1);
});

test('a Secret whose creation was not answered keeps its pair, although neither cache nor status show it', async () => {
  const { kubectl } = cluster;
  const isCreate = ({ method, path }: ProxyRequest) => method === 'POST' && path.endsWith('/secrets');
  const isSecretWatch = ({ isWatch, path }: ProxyRequest) => isWatch && path === '/api/v1/secrets';
  let isLost = false;
  // The watch of Secrets fails until the AccessKey is reconciled again, so the cache stays empty.
  proxy.decide = (request) => {
    if (isSecretWatch(request)) return { kind: 'answer', status: 500, reason: 'InternalError' };
    if (isLost || !isCreate(request)) return undefined;
    isLost = true;
    return { kind: 'loseAnswer' };
  };
  proxy.disconnect();
  await poll('the end of the watch', async () => (proxy.faults.answer ?? 0) > 0);
  await kubectl.apply(accessKeyManifest(namespace, 'cat'));
  const pair = await poll('the Secret', () => readPair(kubectl, namespace, 'cat-main'));
  await waitObserved(kubectl, namespace, 'cat');
  expect(proxy.requests.filter(isCreate).length).toBeGreaterThan(1);
  proxy.decide = () => undefined;
  const { status } = await waitReady(kubectl, namespace, 'cat');
  expect(status.keyPairs?.[0]?.accessKey).toBe(pair.ak);
  expect(await readPair(kubectl, namespace, 'cat-main')).toEqual(pair);
});

test('an edit in one namespace is reconciled while slow requests for new AccessKeys of another occupy the queue', async () => {
  const { kubectl } = cluster;
  await kubectl.apply(accessKeyManifest(namespace, 'dan'));
  await waitReady(kubectl, namespace, 'dan');
  await createNamespace(kubectl, 'slow');
  const isSlow = ({ method, path }: ProxyRequest) => method === 'POST' && path.includes('/namespaces/slow/secrets');
  const slow = () => proxy.requests.filter(isSlow).length;
  proxy.decide = (request) => (isSlow(request) ? { kind: 'delay', ms: 3_600_000 } : undefined);
  const items = Array.from({ length: 9 }, (_, n) => accessKeyManifest('slow', `user-${n}`));
  await kubectl.apply(items);
  await poll('a full queue', async () => slow() >= 8);
  let enabled = true;
  // On a busy machine, slow requests can reach their time limit meanwhile; others then follow.
  await poll('an edit that no slow request delayed', async () => {
    const before = slow();
    enabled = !enabled;
    await kubectl.apply(accessKeyManifest(namespace, 'dan', { keyPairs: [{ name: 'main', enabled }] }));
    const dan = await waitObserved(kubectl, namespace, 'dan');
    return slow() === before && dan.status.keyPairs?.[0]?.state === (enabled ? 'Active' : 'Disabled');
  });
  expect(await kubectl.run(['get', 'secrets', '-n', 'slow', '-o', 'name'])).toBe('');
  proxy.decide = () => undefined;
  proxy.disconnect();
});
