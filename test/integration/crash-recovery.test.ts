import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { type ProxyRequest, startFaultProxy } from '../support/fault-proxy.ts';
import {
  type AccessKeyObject,
  accessKeyManifest,
  createNamespace,
  createPair,
  eventReasons,
  getToken,
  listDeployments,
  operatorMayNot,
  readPair,
  waitReady,
} from '../support/platform.ts';

let cluster: TestCluster;
let kubectl: Kubectl;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  await createNamespace(kubectl, 'people');
});
afterAll(() => cluster?.stop());

const secretNames = () => kubectl.run(['get', 'secrets', '-n', 'people', '-o', 'name']);

/** Runs `act` while the operator may not write status, so that a reconciliation stops between Secret and status. */
async function withoutStatusRight(act: () => Promise<void>): Promise<void> {
  const role = await kubectl.get<{ rules: { resources: string[] }[] }>('clusterrole', 'accesskey-operator');
  const rules = role.rules.filter((rule) => !rule.resources.includes('accesskeys/status'));
  expect(rules.length).toBe(role.rules.length - 1);
  const set = (value: object[]) =>
    kubectl.run(['patch', 'clusterrole', 'accesskey-operator', '--type=merge', '-p', JSON.stringify({ rules: value })]);
  await set(rules);
  await operatorMayNot(kubectl, 'patch', 'accesskeys.ghippo.io', '--subresource=status', '-n', 'people');
  await act();
  await set(role.rules);
}

/** How long the operator may take after SIGTERM without `http.shutdownDelaySeconds`: the manifests allow 85 seconds with it. */
const gracePeriodMs = 25_000;

test('an operator whose request hangs in a webhook writes the last use and releases the Lease within the grace period', async () => {
  const proxy = await startFaultProxy(cluster.controlPlane);
  onTestFinished(() => proxy.stop());
  const proxied = join(cluster.directory, 'proxied.kubeconfig');
  await proxy.kubeconfig(proxied, cluster.operatorKubeconfig);
  const operator = await cluster.startOperator({}, proxied);
  await getToken(operator.url, await createPair(kubectl, accessKeyManifest('people', 'used')));
  const isCreate = ({ method, path }: ProxyRequest) => method === 'POST' && path.endsWith('/people/secrets');
  proxy.decide = (request) => (isCreate(request) ? { kind: 'delay', ms: 10 * gracePeriodMs } : undefined);
  const before = proxy.requests.filter(isCreate).length;
  await kubectl.apply(accessKeyManifest('people', 'hanging'));
  await poll('the request that hangs', async () => proxy.requests.filter(isCreate).length > before);
  const kubelet = setTimeout(() => void operator.stop('SIGKILL'), gracePeriodMs);
  expect(await operator.stop()).toBe(0);
  clearTimeout(kubelet);
  const lease = await kubectl.get<{ spec: { holderIdentity?: string } }>(
    ...['lease', 'accesskey-operator', '-n', 'accesskey-system'],
  );
  expect(lease.spec.holderIdentity ?? '').toBe('');
  const { status } = await kubectl.get<AccessKeyObject>('accesskey', 'used', '-n', 'people');
  expect(status.keyPairs?.[0]?.lastUsedTime).toBeDefined();
  await kubectl.run(['delete', 'accesskey', 'hanging', 'used', '-n', 'people']);
});

describe('an operator that is killed with SIGKILL', () => {
  test('between Secret and status keeps the pair and completes the status after the restart', async () => {
    const first = await cluster.startOperator();
    await withoutStatusRight(async () => {
      await kubectl.apply(accessKeyManifest('people', 'between'));
      await poll('the Secret', async () => (await secretNames()).includes('between-main'));
      await poll('the rejected status', async () => first.output.some((line) => line.includes('accesskeys/between')));
      await first.stop('SIGKILL');
    });
    const pair = await readPair(kubectl, 'people', 'between-main');
    const halfDone = await kubectl.get<AccessKeyObject>('accesskey', 'between', '-n', 'people');
    expect(halfDone.status).toEqual({ observedGeneration: -1 });
    const second = await cluster.startOperator();
    const { status } = await waitReady(kubectl, 'people', 'between');
    expect(status.keyPairs?.[0]?.accessKey).toBe(pair.ak);
    expect(await readPair(kubectl, 'people', 'between-main')).toEqual(pair);
    expect((await secretNames()).match(/between/g)).toHaveLength(1);
    expect(await eventReasons(kubectl, 'people', 'between')).not.toContain('KeyPairRegenerated');
    await getToken(second.url, pair);
    await second.stop();
  });

  test('keeps its tokens valid after the restart', async () => {
    const first = await cluster.startOperator();
    const pair = await createPair(kubectl, accessKeyManifest('people', 'kept'));
    const token = await getToken(first.url, pair);
    await first.stop('SIGKILL');
    const second = await cluster.startOperator();
    expect((await listDeployments(second.url, token)).status).toBe(403);
    await second.stop();
  });

  test('reconciles after the restart what changed while it was down', async () => {
    await kubectl.apply(accessKeyManifest('people', 'meanwhile'));
    await kubectl.run(['delete', 'secret', 'kept-main', '-n', 'people']);
    await kubectl.run(['delete', 'accesskey', 'between', '-n', 'people']);
    const operator = await cluster.startOperator();
    await getToken(operator.url, await poll('the pair', () => readPair(kubectl, 'people', 'meanwhile-main')));
    await getToken(operator.url, await poll('the new pair', () => readPair(kubectl, 'people', 'kept-main')));
    await operator.stop();
  });
});

describe('the API server restarts', () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'with %s: tokens are issued meanwhile and changes are picked up afterwards',
    async (signal) => {
      const name = `restarted-${signal.toLowerCase()}`;
      const operator = await cluster.startOperator();
      const pair = await createPair(kubectl, accessKeyManifest('people', name));
      await getToken(operator.url, pair);
      await cluster.controlPlane.stopApiServer(signal);
      await getToken(operator.url, pair);
      const answer = await listDeployments(operator.url, await getToken(operator.url, pair));
      expect(answer.status, 'without access reviews').toBe(503);
      expect(await answer.json()).toMatchObject({ code: 14 });
      await cluster.controlPlane.startApiServer();
      expect(await readPair(kubectl, 'people', `${name}-main`)).toEqual(pair);
      const later = await createPair(kubectl, accessKeyManifest('people', `${name}-later`));
      await getToken(operator.url, later);
      await poll(
        'the listing',
        async () => (await listDeployments(operator.url, await getToken(operator.url, pair))).status === 403,
      );
      expect(await operator.stop()).toBe(0);
    },
  );
});

describe('the signing keys', () => {
  const secret = ['secret', 'accesskey-operator-signing-keys', '-n', 'accesskey-system'];

  test('are created once and shared by operators that start at the same time', async () => {
    await kubectl.run(['delete', ...secret]);
    const operators = await Promise.all([cluster.startOperator(), cluster.startOperator(), cluster.startOperator()]);
    const published = await Promise.all(
      operators.map(async ({ url }) => (await fetch(`${url}/apis/ghippo.io/v1alpha1/certs`)).json()),
    );
    expect(published[0]).toEqual({
      keys: [expect.objectContaining({ kty: 'RSA' }), expect.objectContaining({ kty: 'RSA' })],
    });
    expect(published[1]).toEqual(published[0]);
    expect(published[2]).toEqual(published[0]);
    await Promise.all(operators.map((operator) => operator.stop()));
  });

  test('are not replaced when the Secret is invalid, and the operator waits until it is repaired', async () => {
    const data = { stringData: { 'keys.json': '{"keys":[]}' } };
    const original = await kubectl.get<{ data: object }>(...secret);
    await kubectl.run(['patch', ...secret, '-p', JSON.stringify(data)]);
    const starting = cluster.startOperator();
    await poll('the error', async () =>
      cluster.operatorOutput().some((line) => line.includes('keys.json: malformed: keys')),
    );
    await kubectl.run(['patch', ...secret, '-p', JSON.stringify({ data: original.data })]);
    const operator = await starting;
    expect((await kubectl.get<{ data: object }>(...secret)).data).toEqual(original.data);
    expect(await operator.stop()).toBe(0);
  });
});
