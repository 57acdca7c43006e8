/** Argo CD with the Helm chart: installation, upgrade, rollback and deletion. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operatorNamespace, waitForPolicies } from '../../tools/install.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
import { accessKeyManifest, createNamespace, createPair, readPair } from '../support/platform.ts';
import { application, applicationNamed, openArgoCd } from './support/argocd.ts';
import { type GitopsEnvironment, startEnvironment } from './support/environment.ts';
import { missing, protectedObjects } from './support/operator-tests.ts';
import { type SyncedFolder, settle, type Tool } from './support/tool.ts';

const name = 'accesskey-operator';
let environment: GitopsEnvironment;
let kubectl: Kubectl;
let tool: Tool;
let operator: SyncedFolder;

beforeAll(async () => {
  environment = await startEnvironment();
  kubectl = environment.kubectl;
  tool = await openArgoCd(environment);
  operator = applicationNamed(kubectl, name);
});
afterAll(async () => {
  await tool?.stop();
  await environment?.stop();
});

/** Applies the chart with these values. */
async function install(values: object): Promise<void> {
  const { repository } = environment;
  const revision = await repository.commit({});
  const helm = { releaseName: name, valuesObject: values };
  const source = { repoURL: repository.url, targetRevision: repository.branch, path: `charts/${name}`, helm };
  const options = ['ServerSideApply=true', 'CreateNamespace=true'];
  await kubectl.apply(application(name, operatorNamespace, source, options));
  await settle(operator, revision);
}

const replicas = async () =>
  (await kubectl.get<{ spec: { replicas: number } }>('deployment', name, '-n', operatorNamespace)).spec.replicas;

test('installs the operator', async () => {
  await install({});
  await waitForPolicies(kubectl);
  await environment.startOperator();
  await createNamespace(kubectl, 'people');
  await createPair(kubectl, accessKeyManifest('people', 'alice'));
});

test('upgrades it with other values', async () => {
  await install({ highAvailability: { enabled: true }, config: { clusterName: 'other' } });
  await expect.poll(replicas).toBe(2);
});

test('rolls it back', async () => {
  await install({});
  await expect.poll(replicas).toBe(1);
  await poll('the end of the PodDisruptionBudget', async () => (await missing(kubectl, [`pdb/${name}`])).length === 1);
});

test('leaves key pairs and their protection when the Application is deleted', async () => {
  const pair = await readPair(kubectl, 'people', 'alice-main');
  await environment.stopOperator();
  await operator.remove();
  await poll('the end of the Deployment', async () => (await missing(kubectl, [`deployment/${name}`])).length === 1);
  expect(await missing(kubectl, protectedObjects)).toEqual([]);
  expect(await readPair(kubectl, 'people', 'alice-main')).toEqual(pair);
});

test('uses the same key pairs when it is installed again', async () => {
  const pair = await readPair(kubectl, 'people', 'alice-main');
  await install({});
  await environment.startOperator();
  expect(await readPair(kubectl, 'people', 'alice-main')).toEqual(pair);
});
