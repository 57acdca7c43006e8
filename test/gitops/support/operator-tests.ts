/** The tests of the examples, which install the operator and an AccessKey. They are the same for each GitOps tool. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { operatorNamespace, waitForPolicies } from '../../../tools/install.ts';
import type { Kubectl } from '../../../tools/kubectl.ts';
import { poll } from '../../../tools/poll.ts';
import { accessKeyManifest, type Pair, readPair } from '../../support/platform.ts';
import { configurationPath, type GitopsEnvironment } from './environment.ts';
import { type Installed, problem, settle, type Tool } from './tool.ts';

/** What must remain when the operator is deleted, because it contains or protects key pairs. */
export const protectedObjects = [
  'crd/accesskeys.ghippo.io',
  `namespace/${operatorNamespace}`,
  'validatingadmissionpolicy/accesskeys.ghippo.io',
  'validatingadmissionpolicybinding/accesskeys.ghippo.io',
  'validatingadmissionpolicy/secrets.accesskeys.ghippo.io',
  'validatingadmissionpolicybinding/secrets.accesskeys.ghippo.io',
];
const deployment = 'deployment/accesskey-operator';

interface DeploymentObject {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly volumes: readonly { readonly configMap?: { name: string } }[] } };
  };
}

export interface Context {
  readonly environment: GitopsEnvironment;
  readonly tool: Tool;
}

/** @returns the objects that do not exist, of these names */
export async function missing(kubectl: Kubectl, names: readonly string[]): Promise<string[]> {
  const flags = ['-n', operatorNamespace, '--ignore-not-found', '-o', 'name'];
  const found = await Promise.all(names.map((name) => kubectl.run(['get', name, ...flags])));
  return names.filter((_, index) => found[index] === '');
}

/** @returns what the examples have installed, for the tests that follow */
export async function installExamples({ environment, tool }: Context): Promise<Installed> {
  const { kubectl, repository } = environment;
  const revision = await repository.commit({});
  const installed = await tool.installExamples();
  await poll(
    'the ServiceAccount',
    async () => (await missing(kubectl, ['sa/accesskey-operator'])).length === 0,
    90_000,
  );
  await environment.startOperator();
  await poll('the operator', () => installed.operator.state(), 120_000);
  await settle(installed.operator, revision);
  await poll('the AccessKeys', () => installed.accessKeys.state(), 120_000);
  await settle(installed.accessKeys, revision);
  await waitForPolicies(kubectl);
  return installed;
}

const pairOfExample = (kubectl: Kubectl): Promise<Pair> => readPair(kubectl, 'people', 'alice-ci');

/** Denial, upgrade, rollback, deletion and another installation. The operator is deleted, so this is the last suite. */
export function testOperator(use: () => Context & { installed: Installed }): void {
  const kubectl = () => use().environment.kubectl;
  const repository = () => use().environment.repository;
  const read = () => kubectl().get<DeploymentObject>(deployment, '-n', operatorNamespace);
  const configMap = async () => (await read()).spec.template.spec.volumes.find((one) => one.configMap)?.configMap?.name;

  describe('the operator of the examples', () => {
    test('is upgraded by a commit, and rolled back by its revert', async () => {
      const { operator } = use().installed;
      const before = await configMap();
      const text = await readFile(join(repository().directory, configurationPath), 'utf8');
      await settle(operator, await repository().commit({ [configurationPath]: `${text}clusterName: other\n` }));
      expect(await configMap()).not.toBe(before);
      await settle(operator, await repository().revert());
      expect(await configMap()).toBe(before);
    });

    test('changes to the high-availability overlay and back', async () => {
      const { operator } = use().installed;
      await settle(operator, await use().tool.useManifests('manifests/overlays/high-availability'));
      await expect.poll(async () => (await read()).spec.replicas).toBe(2);
      await settle(operator, await use().tool.useManifests('manifests/base'));
      await expect.poll(async () => (await read()).spec.replicas).toBe(1);
    });

    test('denies a user that the ServiceAccount of the example may not name', async () => {
      const { installed } = use();
      const user = { name: 'root', groups: ['system:masters'] };
      await repository().commit({
        'accesskeys/kustomization.yaml': { namespace: 'people', resources: ['alice.yaml', 'mallory.yaml'] },
        'accesskeys/mallory.yaml': accessKeyManifest('people', 'mallory', { user }),
      });
      const state = await problem(installed.accessKeys, /'accesskeys\.ghippo\.io'/);
      expect(state.message).toContain('root');
      expect(await kubectl().run(['get', 'accesskeys', '-n', 'people', '-o', 'name'])).not.toContain('mallory');
      await settle(installed.accessKeys, await repository().revert());
    });

    test('leaves key pairs and their protection when it is deleted', async () => {
      const { environment, tool } = use();
      const pair = await pairOfExample(kubectl());
      await environment.stopOperator();
      await tool.removeOperator();
      await poll('the end of the Deployment', async () => (await missing(kubectl(), [deployment])).length === 1);
      expect(await missing(kubectl(), protectedObjects)).toEqual([]);
      expect(await pairOfExample(kubectl())).toEqual(pair);
    });

    test('uses the same key pairs when it is installed again', async () => {
      const pair = await pairOfExample(kubectl());
      await installExamples(use());
      expect(await pairOfExample(kubectl())).toEqual(pair);
    });
  });
}
