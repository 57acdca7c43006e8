/** What GitOps tools see: the health of real AccessKeys, and that applying them again changes nothing. */
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

/** Waits until the operator has given the AccessKey this reason, and gives both tools' words for it. */
async function verdictsOf(name: string, reason: string, where = namespace): Promise<[string, string]> {
  const object = await poll(`${name}: ${reason}`, async () => {
    const found = await read(name, where);
    return found.status.conditions?.some((condition) => condition.reason === reason) && found;
  });
  const { kstatus, argocd } = await status.of(object);
  return [kstatus.status, argocd.status];
}

describe('health, in order', () => {
  test('is in progress before the operator has looked', async () => {
    await kubectl.apply(accessKeyManifest(namespace, 'alice'));
    const { kstatus, argocd } = await status.of(await read('alice'));
    expect(kstatus.status).toBe('InProgress');
    expect(argocd).toEqual({ status: 'Progressing', message: 'Waiting for the operator' });
  });

  test('is good when the pairs are there', async () => {
    operator = await cluster.startOperator();
    await waitReady(kubectl, namespace, 'alice');
    expect(await verdictsOf('alice', 'KeyPairsReady')).toEqual(['Current', 'Healthy']);
  });

  test('is bad when somebody else has the Secret, and says so', async () => {
    await kubectl.run(['create', 'secret', 'generic', 'bob-main', '-n', namespace]);
    await kubectl.apply(accessKeyManifest(namespace, 'bob'));
    expect(await verdictsOf('bob', 'SecretConflict')).toEqual(['Failed', 'Degraded']);
    expect((await status.of(await read('bob'))).argocd.message).toContain('bob-main');
  });

  test('is bad when another AccessKey has the user', async () => {
    await kubectl.apply(accessKeyManifest(namespace, 'second', { user: { name: 'alice' } }));
    expect(await verdictsOf('second', 'UserClaimed')).toEqual(['Failed', 'Degraded']);
  });

  test('is in progress while a write is tried again', async () => {
    await kubectl.run(['create', 'quota', 'none', '--hard=secrets=0', '-n', full]);
    // The quota is in force once its controller has counted.
    const counted = async () =>
      (await kubectl.get<{ status?: { hard?: object } }>('quota', 'none', '-n', full)).status?.hard;
    await poll('the quota', async () => counted());
    await kubectl.apply(accessKeyManifest(full, 'carol'));
    expect(await verdictsOf('carol', 'SecretFailed', full)).toEqual(['InProgress', 'Progressing']);
  });

  test('is suspended for Argo CD when the AccessKey is', async () => {
    await kubectl.apply(accessKeyManifest(namespace, 'dora', { suspended: true }));
    await waitReady(kubectl, namespace, 'dora');
    expect(await verdictsOf('dora', 'KeyPairsReady')).toEqual(['Current', 'Suspended']);
  });

  test('is in progress again after an edit, until the operator has looked', async () => {
    await operator.stop();
    await kubectl.apply(accessKeyManifest(namespace, 'alice', { keyPairs: [{ name: 'main' }, { name: 'more' }] }));
    const { kstatus, argocd } = await status.of(await read('alice'));
    expect([kstatus.status, argocd.status]).toEqual(['InProgress', 'Progressing']);
    operator = await cluster.startOperator();
    await waitReady(kubectl, namespace, 'alice');
    expect(await verdictsOf('alice', 'KeyPairsReady')).toEqual(['Current', 'Healthy']);
  });
});

describe('applying', () => {
  const manifest = accessKeyManifest(namespace, 'erin', { keyPairs: [{ name: 'ci' }, { name: 'laptop' }] });
  const diff = (...args: string[]) => kubectl.run(['diff', '-f', '-', ...args], JSON.stringify(manifest));

  test.each([
    ['client-side', []],
    ['server-side', ['--server-side', '--force-conflicts']],
  ])('the same again, %s, changes nothing, and kubectl diff is empty', async (_, args) => {
    await kubectl.apply(manifest, ...args);
    const { metadata, status } = await waitReady(kubectl, namespace, 'erin');
    // kubectl diff ends with code 1, which is an error here, when there is a difference.
    expect(await diff(...args)).toBe('');
    await kubectl.apply(manifest, ...args);
    const after = await read('erin');
    expect(after.metadata.generation).toBe(metadata.generation);
    expect(after.metadata.resourceVersion).toBe(metadata.resourceVersion);
    expect(after.status).toEqual(status);
  });

  test('by two managers: each has its own key pair, and leaves the other one', async () => {
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
    await expect(applyAs('frank', pairOf2('ci', true))).rejects.toThrow(
      /conflict with "platform".*\.spec\.keyPairs.*enabled/s,
    );

    // What a manager no longer applies goes, and only that.
    await applyAs('frank', { ...pairOf('laptop'), spec: { user: { name: 'frank' } } });
    await poll('one pair', async () => (await names())?.join() === 'ci');
  });

  function pairOf2(name: string, enabled: boolean) {
    return accessKeyManifest(namespace, 'frank', { keyPairs: [{ name: 'laptop' }, { name, enabled }] });
  }
});
