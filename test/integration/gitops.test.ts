/** GitOps tools: the health of AccessKeys, and applying the same manifest again. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { type GitopsStatus, openGitopsStatus } from '../support/gitops.ts';
import { type AccessKeyObject, accessKeyManifest, createNamespace, readPair, waitReady } from '../support/platform.ts';

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

  test('is Healthy again when this Secret, of a type that is not cached, is deleted', async () => {
    await kubectl.run(['delete', 'secret', 'bob-main', '-n', namespace]);
    expect(await verdictsOf('bob', 'KeyPairsReady')).toEqual(['Current', 'Healthy']);
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

  // With Suspended, a sync of Argo CD with several waves would wait forever.
  test('is Healthy when the AccessKey is suspended, and the message says so', async () => {
    await kubectl.apply(accessKeyManifest(namespace, 'dora', { suspended: true }));
    await waitReady(kubectl, namespace, 'dora');
    expect(await verdictsOf('dora', 'KeyPairsReady')).toEqual(['Current', 'Healthy']);
    expect((await status.of(await read('dora'))).argocd.message).toBe('suspended; key pairs: main Disabled');
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

/** As Argo CD and Flux apply: server-side, and they overrule other managers. */
const fromGit = (object: object) =>
  kubectl.apply(object, '--server-side', '--field-manager=gitops', '--force-conflicts');
const patch = (name: string, spec: object) =>
  kubectl.run(['patch', 'accesskey', name, '-n', namespace, '--type=merge', '-p', JSON.stringify({ spec })]);

describe('a list that grants access', () => {
  const manifest = (name: string) => {
    const { spec, ...rest } = accessKeyManifest(namespace, name, { user: { name, groups: ['a'] } });
    return { ...rest, spec: { ...spec, serviceAccounts: ['a'] } };
  };
  const added = (name: string) => ({ user: { name, groups: ['a', 'b'] }, serviceAccounts: ['a', 'b'] });
  const listsOf = async (name: string) => {
    const { spec } = await kubectl.get<{ spec: { user: { groups: string[] }; serviceAccounts: string[] } }>(
      'accesskey',
      name,
      '-n',
      namespace,
    );
    return [spec.user.groups, spec.serviceAccounts];
  };

  test.each<[string, (object: object) => Promise<unknown>]>([
    ['server-side', fromGit],
    ['client-side', (object) => kubectl.apply(object)],
  ])('loses what another client added when the manifest is applied %s', async (how, apply) => {
    const name = `grants-${how}`;
    await apply(manifest(name));
    await patch(name, added(name));
    expect(await listsOf(name)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    await apply(manifest(name));
    expect(await listsOf(name)).toEqual([['a'], ['a']]);
  });

  test('is healed too in an AccessKey that was applied when the list was a set', async () => {
    const name = 'grants-upgraded';
    await setListTypes('set');
    await poll('sets', async () => {
      await kubectl.run(['delete', 'accesskey', name, '-n', namespace, '--ignore-not-found']);
      await fromGit(manifest(name));
      const { metadata } = await kubectl.get<{ metadata: object }>(
        'accesskey',
        name,
        '-n',
        namespace,
        '--show-managed-fields',
      );
      return JSON.stringify(metadata).includes('v:\\"a\\"');
    });
    await patch(name, added(name));
    // A set: the added items have another manager and survive.
    await fromGit(manifest(name));
    expect((await listsOf(name)).map((list) => list?.toSorted())).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    await setListTypes('atomic');
    await poll('healing', async () => {
      await fromGit(manifest(name));
      return (await listsOf(name)).every((list) => list?.join() === 'a');
    });
  });

  /** Changes the CRD. The API server takes a moment to use it. */
  async function setListTypes(type: 'set' | 'atomic'): Promise<void> {
    const spec = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties';
    const paths = [`${spec}/user/properties/groups`, `${spec}/serviceAccounts`];
    const operations = paths.map((path) => ({ op: 'replace', path: `${path}/x-kubernetes-list-type`, value: type }));
    await kubectl.run(['patch', 'crd', 'accesskeys.ghippo.io', '--type=json', '-p', JSON.stringify(operations)]);
  }
});

describe('a rotation that Git does not contain', () => {
  /** What Git contains before and after someone raises the revision to 3 with kubectl. */
  const cases: [string, object][] = [
    ['without revision', {}],
    ['with a lower revision', { revision: 2 }],
  ];
  const modes: [string, (object: object) => Promise<unknown>][] = [
    ['client-side apply', (object) => kubectl.apply(object)],
    ['server-side apply', fromGit],
    ['kubectl replace', (object) => kubectl.run(['replace', '-f', '-'], JSON.stringify(object))],
    // As with the sync option Replace=true.
    [
      'kubectl replace --save-config',
      (object) => kubectl.run(['replace', '--save-config', '-f', '-'], JSON.stringify(object)),
    ],
  ];
  const all = modes.flatMap(([mode, apply]) => cases.map(([what, inGit]) => [what, mode, inGit, apply] as const));

  test.each(all)(
    'survives a manifest %s, by %s, without an error or a second rotation',
    async (what, mode, inGit, apply) => {
      const name = `${mode}-${what}`.replaceAll(/[ -]+/g, '-');
      const manifest = accessKeyManifest(namespace, name, { keyPairs: [{ name: 'main', ...inGit }] });
      await kubectl.apply(manifest, ...(mode.startsWith('server') ? ['--server-side', '--field-manager=gitops'] : []));
      const { metadata } = await waitReady(kubectl, namespace, name);
      const first = await readPair(kubectl, namespace, `${name}-main`);

      await patch(name, { keyPairs: [{ name: 'main', revision: 3 }] });
      await poll('the new generation', async () => (await read(name)).metadata.generation > metadata.generation);
      await waitReady(kubectl, namespace, name);
      const rotated = await readPair(kubectl, namespace, `${name}-main`);
      expect(rotated.ak).not.toBe(first.ak);

      await apply(manifest);
      expect((await waitReady(kubectl, namespace, name)).status.keyPairs).toMatchObject([{ revision: 3 }]);
      expect(await readPair(kubectl, namespace, `${name}-main`)).toEqual(rotated);
    },
  );
});
