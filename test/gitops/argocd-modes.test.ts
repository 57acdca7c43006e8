/** Argo CD with client-side apply and with Replace=true, which the examples do not use, and with an overlay. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operatorNamespace, waitForPolicies } from '../../tools/install.ts';
import { testAccessKeys } from './support/accesskey-tests.ts';
import { application, applicationNamed, openArgoCd } from './support/argocd.ts';
import { type GitopsEnvironment, startEnvironment } from './support/environment.ts';
import { type FolderOptions, settle, type Tool } from './support/tool.ts';

let environment: GitopsEnvironment;
let tool: Tool;

beforeAll(async () => {
  environment = await startEnvironment();
  tool = await openArgoCd(environment);
});
afterAll(async () => {
  await tool?.stop();
  await environment?.stop();
});

test('installs the operator from the high-availability overlay with client-side apply', async () => {
  const { kubectl, repository } = environment;
  const revision = await repository.commit({});
  const path = 'manifests/overlays/high-availability';
  const source = { repoURL: repository.url, targetRevision: repository.branch, path };
  await kubectl.apply(application('operator', operatorNamespace, source, []));
  const state = await settle(applicationNamed(kubectl, 'operator'), revision);
  expect(state.health).toBe('Healthy');
  await waitForPolicies(kubectl);
  await environment.startOperator();
});

/** The same tool with other options. */
const withOptions = (...options: string[]) => ({
  environment,
  tool: { ...tool, deploy: (folder: FolderOptions) => tool.deploy({ ...folder, syncOptions: options }) },
});

testAccessKeys('client-side', () => withOptions());
testAccessKeys('replace', () => withOptions('Replace=true'));
