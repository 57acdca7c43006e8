/** A cluster with an authorization webhook, which grants permissions without RoleBindings. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '../../tools/poll.ts';
import {
  type AuthorizationWebhook,
  startAuthorizationWebhook,
  type WebhookQuestion,
} from '../support/authorization-webhook.ts';
import { createCaller } from '../support/caller.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { createNamespace } from '../support/platform.ts';
import { deploymentManifest } from '../support/workload.ts';

let directory: string;
let webhook: AuthorizationWebhook;
let cluster: TestCluster;
/** Namespaces in which the webhook lets the user `cloud` list deployments. */
const granted = new Set(['store']);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'accesskey-webhook-'));
  webhook = await startAuthorizationWebhook(directory, isGranted);
  cluster = await startTestCluster({ apiServerArguments: webhook.apiServerArguments });
  for (const name of ['people', 'shop', 'store']) await createNamespace(cluster.kubectl, name);
  for (const name of ['shop', 'store']) await cluster.kubectl.apply(deploymentManifest(name, 'web'));
});
afterAll(async () => {
  await cluster?.stop();
  webhook?.stop();
  await rm(directory, { recursive: true, force: true });
});

function isGranted({ user, resourceAttributes: what }: WebhookQuestion): boolean {
  const isList = what?.verb === 'list' && what.group === 'apps' && what.resource === 'deployments';
  return user === 'cloud' && isList && granted.has(what.namespace ?? '');
}

test('the operator reviews every namespace by default and follows a revocation by the webhook', async () => {
  const { url } = await cluster.startOperator({ access: { cacheSeconds: 1 } });
  const caller = await createCaller(cluster.kubectl, url, { name: 'cloud' });
  expect(await caller.list()).toEqual({ status: 200, names: ['store/web'] });
  granted.add('shop');
  await poll('the second namespace', async () => (await caller.list()).names.join() === 'shop/web,store/web');
  granted.clear();
  await poll('the revocation', async () => (await caller.list()).status === 403);
  granted.add('store');
});

test('the operator reviews only namespaces with RoleBindings if it is configured so', async () => {
  const { url } = await cluster.startOperator({ access: { cacheSeconds: 1, candidates: 'roleBindings' } });
  const caller = await createCaller(cluster.kubectl, url, { name: 'cloud' });
  await poll('the cached RoleBindings', async () => (await caller.list()).status === 403);
  expect(await caller.listIn('store')).toEqual({ status: 200, names: ['store/web'] });
  const binding = ['rolebinding', 'cloud', '-n', 'store'];
  await cluster.kubectl.run(['create', ...binding, '--clusterrole=system:discovery', '--user=cloud']);
  // The role of the binding does not matter: the binding only causes the review.
  await poll('the namespace', async () => (await caller.list()).names.join() === 'store/web');
});
