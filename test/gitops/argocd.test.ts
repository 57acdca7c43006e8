/** Argo CD with the files of examples/gitops. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPair } from '../support/platform.ts';
import { testAccessKeys } from './support/accesskey-tests.ts';
import { openArgoCd } from './support/argocd.ts';
import { type GitopsEnvironment, startEnvironment } from './support/environment.ts';
import { installExamples, testOperator } from './support/operator-tests.ts';
import type { Installed, Tool } from './support/tool.ts';

let environment: GitopsEnvironment;
let tool: Tool;
let installed: Installed;

beforeAll(async () => {
  environment = await startEnvironment();
  tool = await openArgoCd(environment);
});
afterAll(async () => {
  await tool?.stop();
  await environment?.stop();
});

test('installs the operator and the AccessKeys of the examples', async () => {
  installed = await installExamples({ environment, tool });
  expect((await readPair(environment.kubectl, 'people', 'alice-ci')).ak).not.toBe('');
});

testAccessKeys('team', () => ({ environment, tool }));
testOperator(() => ({ environment, tool, installed }));
