import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { configurationFile, type TestCluster } from '../support/cluster.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { metricValue } from '../support/metrics.ts';
import { getToken, listDeployments, type Pair, tokenUrl } from '../support/platform.ts';
import {
  accepted,
  allPublish,
  createKnownPair,
  day,
  type KeyCluster,
  keysOf,
  kidOf,
  leaderOf,
  startKeyCluster,
  verifiedHeader,
} from '../support/signing-keys.ts';

const settings = { token: { maxCycle: 30, signingKeys: { rotationDays: 1, publishAheadHours: 1 } } };

let cluster: TestCluster;
let secret: KeyCluster['secret'];
let clock: KeyCluster['clock'];
let proxy: FaultProxy;
let proxied: string;
let operators: OperatorProcess[] = [];
let pair: Pair;

beforeAll(async () => {
  ({ cluster, secret, clock } = await startKeyCluster());
  proxy = await startFaultProxy(cluster.controlPlane);
  proxied = join(cluster.directory, 'proxied.kubeconfig');
  await proxy.kubeconfig(proxied, cluster.operatorKubeconfig);
  operators = await Promise.all([start(), start()]);
  pair = await createKnownPair(cluster, operators);
});
afterAll(async () => {
  await cluster?.stop();
  await proxy?.stop();
});

const start = () => cluster.startOperator(settings, proxied, clock.options);
const logged = (text: string) => cluster.operatorOutput().filter((line) => line.includes(text)).length;
const isRotation = (path: string, method: string) =>
  method === 'PATCH' && path.endsWith('/secrets/accesskey-operator-signing-keys');
const anyToken = () => getToken(operators[0]?.url ?? '', pair, '&cycle=30');

async function expectAccepted(token: string): Promise<void> {
  for (const { url } of operators) expect((await listDeployments(url, token)).status).toBe(accepted);
}

async function untilBroken(value: number): Promise<void> {
  for (const operator of operators) {
    await poll(`broken ${value}`, async () => (await metricValue(operator, 'accesskey_signing_keys_broken')) === value);
  }
}

test('a deleted Secret is created again with the same keys, and the log says so', async () => {
  const before = await secret.get();
  const token = await anyToken();
  await secret.remove();
  const after = await poll('the Secret', () => secret.get());
  expect(after.metadata.uid).not.toBe(before.metadata.uid);
  expect(keysOf(after)).toEqual(keysOf(before));
  await poll('the warning', async () => logged('recreated the deleted signing-key Secret') === 1);
  await untilBroken(0);
  await expectAccepted(token);
  await expectAccepted(await anyToken());
});

/** Revokes the key of a token while the leader cannot write the Secret, and waits until all replicas reject the token. */
async function revokeWithoutWrite(kid: string | undefined, token: string): Promise<void> {
  proxy.decide = ({ path, method }) => (isRotation(path, method) ? { kind: 'answer', status: 500 } : undefined);
  await secret.annotate(`ghippo.io/revoke-signing-key=${kid}`);
  for (const { url } of operators) {
    await poll('the token to stop', async () => (await listDeployments(url, token)).status === 401);
  }
}

test('a revoked key is rejected by all replicas even if the Secret cannot be written', async () => {
  const before = await secret.keys();
  const token = await anyToken();
  await revokeWithoutWrite(kidOf(before, 'active'), token);
  expect(await secret.keys()).toEqual(before);
  const fresh = await anyToken();
  await expectAccepted(fresh);
  proxy.decide = () => undefined;
  await poll('the write', async () => kidOf(await secret.keys(), 'active') === kidOf(before, 'next'));
  await expectAccepted(fresh);
});

test('a second revocation before the leader could process the first one keeps both keys revoked', async () => {
  const before = await secret.keys();
  const token = await anyToken();
  await revokeWithoutWrite(kidOf(before, 'active'), token);
  await secret.annotate(`ghippo.io/revoke-signing-key=${kidOf(before, 'next')}`);
  for (const { url } of operators) {
    await poll('no key to sign', async () => !(await fetch(tokenUrl(url, pair))).ok);
    expect((await listDeployments(url, token)).status).not.toBe(accepted);
  }
  proxy.decide = () => undefined;
  const after = await poll('the write', async () => {
    const keys = await secret.keys();
    return kidOf(keys, 'active') !== kidOf(before, 'active') ? keys : undefined;
  });
  const revoked = ['active', 'next'].map((state) => kidOf(before, state));
  for (const { kid } of after) expect(revoked).not.toContain(kid);
  for (const { url } of operators) await getToken(url, pair);
});

describe('a Secret that is broken while operators run', () => {
  const marker = 'private-part-of-a-key';

  test.each([
    ['no JSON', () => `{"keys":["${marker}`],
    ['no key that signs', (text: string) => text.replace('"state":"active"', `"state":"next","x":"${marker}"`)],
    ['a kid that is not that of the key', (text: string) => text.replace(/"kid":"[^"]+"/, `"kid":"${marker}"`)],
    ['a key cut off', (text: string) => text.replace(/"d":"[^"]+"/, `"x":"${marker}"`)],
    ['nothing', () => ''],
  ])('with %s is reported and left unchanged, and the last good keys stay in use', async (_, breakIt) => {
    const { data } = await secret.get();
    const token = await anyToken();
    const broken = Buffer.from(breakIt(Buffer.from(data['keys.json'] ?? '', 'base64').toString())).toString('base64');
    await secret.patch({ data: { 'keys.json': broken } });
    await untilBroken(1);
    clock.advance(2 * day);
    await secret.touch();
    await expectAccepted(token);
    await expectAccepted(await anyToken());
    const { resourceVersion } = (await secret.get()).metadata;
    await starting(async () => undefined);
    expect((await secret.get()).metadata.resourceVersion).toBe(resourceVersion);
    expect((await secret.get()).data['keys.json']).toBe(broken);
    expect(logged(marker)).toBe(0);
    await secret.patch({ data });
    await untilBroken(0);
    const keys = await poll('the overdue rotation', async () => {
      const found = await secret.keys();
      return kidOf(found, 'active') === kidOf(keysOf({ data }), 'next') && found;
    });
    await allPublish(operators, keys);
    await expectAccepted(token);
  });

  test('is created again from memory when it is deleted, even if a replica has started since', async () => {
    const before = await secret.get();
    const token = await anyToken();
    await secret.patch({ data: { 'keys.json': '' } });
    await untilBroken(1);
    await starting(async (operator) => {
      await secret.remove();
      await operator.ready();
      await allPublish([...operators, operator], keysOf(before));
      expect((await listDeployments(operator.url, token)).status).toBe(accepted);
    });
    expect(await secret.keys()).toEqual(keysOf(before));
    await untilBroken(0);
  });

  /** Starts another operator, which does not become ready because the Secret is broken. */
  async function starting(look: (operator: OperatorProcess) => Promise<void>): Promise<void> {
    const config = join(cluster.directory, 'starting.yaml');
    await writeFile(config, configurationFile(settings));
    const operator = await cluster.launchOperator(['--kubeconfig', proxied, '--config', config], clock.options);
    onTestFinished(async () => void (await operator.stop('SIGKILL')));
    await poll('the error', async () =>
      operator.output.some((line) => line.includes('is invalid, no valid keys are cached')),
    );
    expect(await (await fetch(`${operator.healthUrl}/readyz`)).text()).toContain('signing keys');
    await look(operator);
    for (const value of [marker, pair.sk]) expect(operator.output.join('\n')).not.toContain(value);
    expect(await operator.stop()).toBe(0);
  }
});

describe('a leader that is killed with SIGKILL during a rotation', () => {
  test.each<[string, Fault]>([
    ['before its write arrives', { kind: 'delay', ms: 60_000 }],
    ['after its write arrived, before the answer', { kind: 'loseAnswer' }],
    ['after its write was rejected', { kind: 'answer', status: 500, reason: 'InternalError' }],
  ])('%s: the next leader completes the rotation', async (_, fault) => {
    await allPublish(operators, await secret.keys());
    const before = await secret.keys();
    const token = await anyToken();
    const leader = await leaderOf(operators);
    const patches = () => proxy.requests.filter(({ path, method }) => isRotation(path, method)).length;
    const patchesBefore = patches();
    proxy.decide = ({ path, method }) => (isRotation(path, method) ? fault : undefined);
    clock.advance(day + 60);
    await secret.touch();
    await poll('the write', async () => patches() > patchesBefore);
    await leader.stop('SIGKILL');
    proxy.decide = () => undefined;
    operators = [...operators.filter((operator) => operator !== leader), await start()];

    const after = await poll('the rotation', async () => {
      const keys = await secret.keys();
      return kidOf(keys, 'active') === kidOf(before, 'next') && keys;
    });
    expect(after.map(({ state }) => state).filter((state) => state !== 'retired')).toEqual(['active', 'next']);
    expect(after.filter(({ kid }) => before.some((key) => key.kid === kid))).toHaveLength(before.length);
    expect(after).toHaveLength(before.length + 1);
    await allPublish(operators, after);
    await expectAccepted(token);
    await expectAccepted(await anyToken());
    for (const operator of operators) {
      expect((await verifiedHeader(operator, token, clock.now())).kid).toBe(kidOf(before, 'active'));
    }
  });
});
