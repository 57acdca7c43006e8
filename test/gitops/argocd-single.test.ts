/** Argo CD with single-application.yaml: the operator and the AccessKeys in one Application. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitForPolicies } from '../../tools/install.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
import { type Pair, readPair } from '../support/platform.ts';
import { applicationNamed, openArgoCd } from './support/argocd.ts';
import { type GitopsEnvironment, readExample, startEnvironment } from './support/environment.ts';
import { missing, protectedObjects } from './support/operator-tests.ts';
import { type SyncedFolder, settle, type Tool } from './support/tool.ts';

const crd = 'crd/accesskeys.ghippo.io';
const deployment = 'deployment/accesskey-operator';
let environment: GitopsEnvironment;
let kubectl: Kubectl;
let tool: Tool;
let folder: SyncedFolder;
let pair: Pair;

beforeAll(async () => {
  environment = await startEnvironment();
  kubectl = environment.kubectl;
  tool = await openArgoCd(environment);
  folder = applicationNamed(kubectl, 'accesskeys');
});
afterAll(async () => {
  await tool?.stop();
  await environment?.stop();
});

const apply = async () =>
  kubectl.run(['apply', '-f', '-'], await readExample('argocd/single-application.yaml', environment.repository));

/** Applies the example, and starts the operator as soon as it is installed. */
async function install(): Promise<void> {
  const revision = await environment.repository.commit({});
  await apply();
  const names = ['sa/accesskey-operator', deployment];
  await poll('the operator', async () => (await missing(kubectl, names)).length === 0, 90_000);
  await environment.startOperator();
  await settle(folder, revision);
}

const readExamplePair = () => readPair(kubectl, 'people', 'alice-ci');

test('installs the operator and the AccessKeys in one sync, in a cluster without the CRD', async () => {
  expect(await missing(kubectl, [crd])).toEqual([crd]);
  await install();
  const { status } = await kubectl.get<{ status: { history: object[]; operationState: { retryCount?: number } } }>(
    'application',
    folder.name,
    '-n',
    'argocd',
  );
  expect(status.history).toHaveLength(1);
  expect(status.operationState.retryCount ?? 0).toBe(0);
  await waitForPolicies(kubectl);
  pair = await readExamplePair();
});

test('keeps the operator and the key pairs when the Application is deleted', async () => {
  await kubectl.run(['delete', 'application', folder.name, '-n', 'argocd']);
  expect(await missing(kubectl, [...protectedObjects, deployment])).toEqual([]);
  expect(await readExamplePair()).toEqual(pair);
});

test('adopts them when the Application is created again', async () => {
  await apply();
  await poll('the health of the Application', async () => (await folder.state()).health === 'Healthy');
  expect(await readExamplePair()).toEqual(pair);
});

test('keeps the key pairs and their protection when the Application is deleted with cascade', async () => {
  await environment.stopOperator();
  await folder.remove();
  await poll('the end of the Deployment', async () => (await missing(kubectl, [deployment])).length === 1);
  expect(await missing(kubectl, protectedObjects)).toEqual([]);
  await kubectl.run(['get', 'accesskey', 'alice', '-n', 'people']);
  expect(await readExamplePair()).toEqual(pair);
});

test('uses the same key pairs when it is installed again', async () => {
  await install();
  expect(await readExamplePair()).toEqual(pair);
});

test('deletes the key pairs of an AccessKey that is removed from git', async () => {
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'alice' } };
  await settle(folder, await environment.repository.commit({ 'accesskeys/alice.yaml': configMap }));
  const names = ['accesskey/alice', 'secret/alice-ci'];
  const find = () => kubectl.run(['get', ...names, '-n', 'people', '--ignore-not-found', '-o', 'name']);
  await expect.poll(find).toBe('');
});
