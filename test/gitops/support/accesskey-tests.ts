/** The tests of AccessKeys that are the same for each GitOps tool. */
import { beforeAll, describe, expect, test } from 'vitest';
import { poll } from '../../../tools/poll.ts';
import { type AccessKeyObject, accessKeyManifest, createNamespace, readPair } from '../../support/platform.ts';
import type { GitopsEnvironment } from './environment.ts';
import { problem, type SyncedFolder, settle, type Tool } from './tool.ts';

type Spec = Parameters<typeof accessKeyManifest>[2];

/**
 * @param use returns the environment with a running operator, and the tool, once they have started
 * @param namespace of the AccessKeys, and folder in the repository
 */
export function testAccessKeys(namespace: string, use: () => { environment: GitopsEnvironment; tool: Tool }): void {
  const kubectl = () => use().environment.kubectl;
  const repository = () => use().environment.repository;
  const main = `${namespace}-alice`;

  /** Commits an AccessKey with the list fields that the examples recommend. @returns the revision */
  function commit(folder: string, name: string, spec: Spec = {}): Promise<string> {
    const user = { name, groups: [], ...spec.user };
    const manifest = accessKeyManifest(namespace, name, { serviceAccounts: [], ...spec, user });
    return repository().commit({ [`${folder}/${name}.yaml`]: manifest });
  }
  /** Commits an AccessKey to a folder of its own, which the tool then applies. */
  async function deploy(name: string, spec: Spec = {}) {
    const path = `${namespace}/${name}`;
    const revision = await commit(path, name, spec);
    const folder = await use().tool.deploy({ name, path, namespace });
    return { folder, revision, change: (next: Spec) => commit(path, name, next) };
  }
  const read = (name: string) => kubectl().get<AccessKeyObject & { spec: Spec }>('accesskey', name, '-n', namespace);
  const accessKeyOf = async (name: string, pair = 'main') =>
    (await readPair(kubectl(), namespace, `${name}-${pair}`)).ak;
  const isGone = (kind: string, name: string) =>
    poll(`the end of ${kind}/${name}`, async () => {
      const found = await kubectl().run(['get', kind, name, '-n', namespace, '--ignore-not-found', '-o', 'name']);
      return found === '';
    });

  describe(`AccessKeys in ${namespace}`, () => {
    let alice: SyncedFolder;
    let change: (spec: Spec) => Promise<string>;
    let rotated: string;

    beforeAll(() => createNamespace(kubectl(), namespace));

    test('are healthy once the Secrets exist', async () => {
      const deployed = await deploy(main, { keyPairs: [{ name: 'main' }, { name: 'ci' }] });
      ({ folder: alice, change } = deployed);
      expect((await settle(alice, deployed.revision)).health).toBe('Healthy');
      expect(await accessKeyOf(main)).not.toBe(await accessKeyOf(main, 'ci'));
    });

    test('are not changed when the tool reconciles again', async () => {
      const { generation } = (await read(main)).metadata;
      const revision = await repository().commit({ 'notes.txt': namespace });
      await settle(alice, revision);
      expect((await read(main)).metadata.generation).toBe(generation);
    });

    test('are rotated by a higher revision', async () => {
      const before = await accessKeyOf(main);
      await settle(alice, await change({ keyPairs: [{ name: 'main', revision: 2 }, { name: 'ci' }] }));
      rotated = await accessKeyOf(main);
      expect(rotated).not.toBe(before);
    });

    test('keep the rotated key pair when the commit is reverted', async () => {
      await settle(alice, await repository().revert());
      expect(await accessKeyOf(main)).toBe(rotated);
    });

    test('keep the key pair when a lower revision is committed together with another pair', async () => {
      const keyPairs = [{ name: 'main', revision: 1 }, { name: 'other' }];
      await settle(alice, await change({ keyPairs }));
      expect(await accessKeyOf(main)).toBe(rotated);
      expect(await accessKeyOf(main, 'other')).toBeDefined();
      await isGone('secret', `${main}-ci`);
    });

    test('lose a pair that is removed from git', async () => {
      await settle(alice, await change({ keyPairs: [{ name: 'main' }] }));
      await isGone('secret', `${main}-other`);
      expect(await accessKeyOf(main)).toBe(rotated);
    });

    test('lose groups and ServiceAccounts that are not in git', async () => {
      const patch = { spec: { user: { groups: ['admins'] }, serviceAccounts: ['intruder'] } };
      const flags = ['--type=merge', '-p', JSON.stringify(patch)];
      await kubectl().run(['patch', 'accesskey', main, '-n', namespace, ...flags]);
      await alice.refresh();
      await expect.poll(async () => (await read(main)).spec?.user?.groups ?? []).toEqual([]);
      expect((await read(main)).spec?.serviceAccounts ?? []).toEqual([]);
    });

    test('are healthy while they are suspended', async () => {
      const state = await settle(alice, await change({ suspended: true }));
      expect(state.health).toBe('Healthy');
      expect((await read(main)).status.keyPairs?.map((pair) => pair.state)).toEqual(['Disabled']);
      await settle(alice, await change({}));
    });

    test('are unhealthy while a Secret has another owner, and recover when it is deleted', async () => {
      const name = `${namespace}-bob`;
      await kubectl().run(['create', 'secret', 'generic', `${name}-main`, '-n', namespace]);
      const { folder, revision } = await deploy(name);
      await problem(folder, new RegExp(name), 'Degraded');
      await kubectl().run(['delete', 'secret', `${name}-main`, '-n', namespace]);
      await settle(folder, revision);
    });

    test('are not healthy before the operator has reconciled an edit', async () => {
      await use().environment.stopOperator();
      const revision = await change({ keyPairs: [{ name: 'main' }, { name: 'late' }] });
      await alice.refresh();
      const edited = async () => (await read(main)).spec?.keyPairs?.length === 2;
      await poll('the edit', edited);
      expect((await alice.state()).done).toBe(false);
      await use().environment.startOperator();
      await settle(alice, revision);
      expect(await accessKeyOf(main)).toBe(rotated);
    });

    test('are deleted with their Secrets when they are removed from git', async () => {
      const revision = await repository().commit({
        [`${namespace}/${main}/${main}.yaml`]: undefined,
        [`${namespace}/${main}/empty.yaml`]: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: main, namespace },
        },
      });
      await settle(alice, revision);
      await isGone('accesskey', main);
      await isGone('secret', `${main}-main`);
    });

    test('are deleted with what has applied them', async () => {
      const name = `${namespace}-carol`;
      const { folder, revision } = await deploy(name);
      await settle(folder, revision);
      await folder.remove();
      await isGone('accesskey', name);
      await isGone('secret', `${name}-main`);
    });
  });
}
