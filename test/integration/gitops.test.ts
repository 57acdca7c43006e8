/** GitOps tools: the health of AccessKeys, and applying the same manifest again. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { type GitopsStatus, openGitopsStatus } from '../support/gitops.ts';
import { type AccessKeyObject, accessKeyManifest, createNamespace, waitReady } from '../support/platform.ts';

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;
let status: GitopsStatus;

const namespace = 'people';
const full = 'full';

beforeAll(async () => {
  status = await openGitopsStatus();
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  for (const name of [namespace, full]) await createNamespace(kubectl, name);
});
afterAll(async () => {
  await cluster?.stop();
  await status?.close();
});

const read = (name: string, where = namespace) => kubectl.get<AccessKeyObject>('accesskey', name, '-n', where);

/** Waits for a condition with this reason. @returns the health according to kstatus and Argo CD */
async function verdictsOf(name: string, reason: string, where = namespace): Promise<[string, string]> {
  const object = await poll(`${name}: ${reason}`, async () => {
    const found = await read(name, where);
    return found.status.conditions?.some((condition) => condition.reason === reason) && found;
  });
  const { kstatus, argocd } = await status.of(object);
  return [kstatus.status, argocd.status];
}

describe('health', () => {
  test('is in progress before the operator reconciles', async () => {
    await kubectl.apply(accessKeyManifest(namespace, 'alice'));
    const { kstatus, argocd } = await status.of(await read('alice'));
    expect(kstatus.status).toBe('InProgress');
    expect(argocd).toEqual({ status: 'Progressing', message: 'Waiting for the operator' });
  });

  test('is Healthy when the pairs exist', async () => {
    operator = await cluster.startOperator();
    await waitReady(kubectl, namespace, 'alice');
    expect(await verdictsOf('alice', 'KeyPairsReady')).toEqual(['Current', 'Healthy']);
  });

  test('is Degraded when the Secret has another owner', async () => {
    await kubectl.run(['create', 'secret', 'generic', 'bob-main', '-n', namespace]);
    await kubectl.apply(accessKeyManifest(namespace, 'bob'));
    expect(await verdictsOf('bob', 'SecretConflict')).toEqual(['Failed', 'Degraded']);
    expect((await status.of(await read('bob'))).argocd.message).toContain('bob-main');
  });

  test('is Degraded when another AccessKey holds the user', async () => {
    await kubectl.apply(accessKeyManifest(namespace, 'second', { user: { name: 'alice' } }));
    expect(await verdictsOf('second', 'UserClaimed')).toEqual(['Failed', 'Degraded']);
  });

  test('is in progress while a write is retried', async () => {
    await kubectl.run(['create', 'quota', 'none', '--hard=secrets=0', '-n', full]);
    // The quota is enforced once its controller has counted.
    const counted = async () =>
      (await kubectl.get<{ status?: { hard?: object } }>('quota', 'none', '-n', full)).status?.hard;
    await poll('the quota', async () => counted());
    await kubectl.apply(accessKeyManifest(full, 'carol'));
    expect(await verdictsOf('carol', 'SecretFailed', full)).toEqual(['InProgress', 'Progressing']);
  });

  test('is suspended in Argo CD when the AccessKey is suspended', async () => {
    await kubectl.apply(accessKeyManifest(namespace, 'dora', { suspended: true }));
    await waitReady(kubectl, namespace, 'dora');
    expect(await verdictsOf('dora', 'KeyPairsReady')).toEqual(['Current', 'Suspended']);
  });

  test('is in progress after an edit until the operator reconciles', async () => {
    await operator.stop();
    await kubectl.apply(accessKeyManifest(namespace, 'alice', { keyPairs: [{ name: 'main' }, { name: 'more' }] }));
    const { kstatus, argocd } = await status.of(await read('alice'));
    expect([kstatus.status, argocd.status]).toEqual(['InProgress', 'Progressing']);
    operator = await cluster.startOperator();
    await waitReady(kubectl, namespace, 'alice');
    expect(await verdictsOf('alice', 'KeyPairsReady')).toEqual(['Current', 'Healthy']);
  });
});

describe('kubectl apply', () => {
  const manifest = accessKeyManifest(namespace, 'erin', { keyPairs: [{ name: 'ci' }, { name: 'laptop' }] });
  const diff = (...args: string[]) => kubectl.run(['diff', '-f', '-', ...args], JSON.stringify(manifest));

  test.each([
    ['client-side', []],
    ['server-side', ['--server-side', '--force-conflicts']],
  ])('of the same manifest, %s, changes nothing, and kubectl diff is empty', async (_, args) => {
    await kubectl.apply(manifest, ...args);
    const { metadata, status } = await waitReady(kubectl, namespace, 'erin');
    // kubectl diff exits with 1, which is an error here, if there is a difference.
    expect(await diff(...args)).toBe('');
    await kubectl.apply(manifest, ...args);
    const after = await read('erin');
    expect(after.metadata.generation).toBe(metadata.generation);
    expect(after.metadata.resourceVersion).toBe(metadata.resourceVersion);
    expect(after.status).toEqual(status);
  });

  test('by two field managers keeps the key pair of each', async () => {
    const pairOf = (name: string) => accessKeyManifest(namespace, 'frank', { keyPairs: [{ name }] });
    const applyAs = (manager: string, object: object) =>
      kubectl.apply(object, '--server-side', `--field-manager=${manager}`);
    await applyAs('platform', pairOf('ci'));
    await applyAs('frank', pairOf('laptop'));
    await applyAs('platform', pairOf('ci'));
    const names = async () => (await read('frank')).status.keyPairs?.map(({ name }) => name).sort();
    await poll('both pairs', async () => (await names())?.join() === 'ci,laptop');

    const disabled = accessKeyManifest(namespace, 'frank', { keyPairs: [{ name: 'ci', enabled: false }] });
    await applyAs('platform', disabled);
    await expect(applyAs('frank', frankWith({ name: 'ci', enabled: true }))).rejects.toThrow(
      /conflict with "platform".*\.spec\.keyPairs.*enabled/s,
    );

    // Only the pair that a manager no longer applies is removed.
    await applyAs('frank', { ...pairOf('laptop'), spec: { user: { name: 'frank' } } });
    await poll('one pair', async () => (await names())?.join() === 'ci');
  });

  function frankWith(pair: object) {
    return accessKeyManifest(namespace, 'frank', { keyPairs: [{ name: 'laptop' }, pair] });
  }
});
