/** Which deployments users see with each kind of RBAC permission, and how soon changes take effect. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Kubectl, manifestStream } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { type Caller, createCaller } from '../support/caller.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { metricValue } from '../support/metrics.ts';
import { createNamespace } from '../support/platform.ts';
import { deploymentManifest } from '../support/workload.ts';

const all = ['shop/api', 'shop/web', 'store/db'];
const some = (namespace: string) => all.filter((name) => name.startsWith(`${namespace}/`));

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  operator = await cluster.startOperator({ access: { cacheSeconds: 1 } });
  for (const name of ['people', 'shop', 'store', 'empty']) await createNamespace(kubectl, name);
  const manifests = all.map((one) => deploymentManifest(...(one.split('/') as [string, string])));
  await kubectl.apply(manifests);
  await kubectl.apply(roles);
});
afterAll(() => cluster?.stop());

const deployments = { apiGroups: ['apps'], resources: ['deployments'] };
const rbac = 'rbac.authorization.k8s.io/v1';
const clusterRole = (name: string, rule: object, more = {}) => ({
  apiVersion: rbac,
  kind: 'ClusterRole',
  rules: [{ ...deployments, ...rule }],
  metadata: { name, ...more },
});
const roles = [
  clusterRole('lister', { verbs: ['list'] }),
  clusterRole('getter', { verbs: ['get'] }),
  clusterRole('named', { verbs: ['list', 'get'], resourceNames: ['web'] }),
  clusterRole('scaler', { verbs: ['*'], resources: ['deployments/scale'] }),
  clusterRole('of-extensions', { verbs: ['list'], apiGroups: ['extensions'] }),
  clusterRole('part', { verbs: ['list'] }, { labels: { part: 'yes' } }),
  {
    apiVersion: rbac,
    kind: 'ClusterRole',
    metadata: { name: 'whole' },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] },
  },
  {
    apiVersion: rbac,
    kind: 'Role',
    metadata: { name: 'local', namespace: 'store' },
    rules: [{ ...deployments, verbs: ['list'] }],
  },
];

let number = 0;

/** `bind('shop', 'clusterrole=lister', 'user=ann')`; without a namespace, in the whole cluster. */
async function bind(namespace: string | undefined, role: string, subject: string): Promise<string[]> {
  number += 1;
  const where = namespace ? ['-n', namespace] : [];
  const what = [namespace ? 'rolebinding' : 'clusterrolebinding', `binding-${number}`];
  await kubectl.run(['create', ...what, `--${role}`, `--${subject}`, ...where]);
  return [...what, ...where];
}

const create = (name: string, ...groups: string[]) => createCaller(kubectl, operator.url, { name, groups });

async function sees(caller: Caller, names: string[]): Promise<void> {
  const answer = await poll(`${caller.name} to see ${names.join()}`, async () => {
    const one = await caller.list();
    return one.status === 200 && one.names.join() === names.join() && one;
  });
  expect(answer.names).toEqual(names);
}

async function seesNothing(caller: Caller): Promise<void> {
  await poll(`${caller.name} to get 403`, async () => (await caller.list()).status === 403);
}

test('a user without permissions sees nothing', async () => {
  const nobody = await create('nobody');
  expect(await nobody.list()).toEqual({ status: 403, names: [] });
  expect((await nobody.listIn('shop')).status).toBe(403);
  expect([await nobody.get('shop', 'web'), await nobody.get('shop', 'missing')]).toEqual([403, 403]);
});

describe('a permission', () => {
  test.each<[string, string | undefined, string, string, string[]]>([
    ['of a user in a namespace', 'shop', 'clusterrole=lister', 'user=right-0', some('shop')],
    ['of a group in a namespace', 'shop', 'clusterrole=lister', 'group=group-1', some('shop')],
    ['by a Role', 'store', 'role=local', 'user=right-2', some('store')],
    ['of a user everywhere', undefined, 'clusterrole=lister', 'user=right-3', all],
    ['of a group everywhere', undefined, 'clusterrole=lister', 'group=group-4', all],
    ['by an aggregated role', 'store', 'clusterrole=whole', 'user=right-5', some('store')],
    ['by an aggregated role everywhere', undefined, 'clusterrole=whole', 'group=group-6', all],
    ['where nothing is', 'empty', 'clusterrole=lister', 'user=right-7', []],
    ['of a built-in role', 'shop', 'clusterrole=view', 'user=right-8', some('shop')],
  ])('%s', async (_, namespace, role, subject, names) => {
    const index = /\d+$/.exec(subject)?.[0];
    await bind(namespace, role, subject);
    const caller = await create(`right-${index}`, `group-${index}`, 'another');
    await sees(caller, names);
    for (const one of ['shop', 'store']) {
      const listed = await caller.listIn(one);
      const expected = names.filter((name) => name.startsWith(`${one}/`));
      expect([listed.status, listed.names]).toEqual([expected.length > 0 ? 200 : 403, expected]);
    }
  });

  test('in some namespaces lists and counts only those', async () => {
    const caller = await create('several', 'team');
    await bind('shop', 'clusterrole=lister', 'user=several');
    await bind('store', 'clusterrole=lister', 'group=team');
    await sees(caller, all);
  });

  test.each([
    ['to get only', 'getter', [200, 404, 200]],
    // As in Kubernetes, resourceNames do not apply to a list.
    ['to list and get one name', 'named', [200, 403, 403]],
    ['to scale', 'scaler', [403, 403, 403]],
    ['in the former API group', 'of-extensions', [403, 403, 403]],
  ])('%s does not allow listing, in a namespace or everywhere', async (_, role, statuses) => {
    for (const namespace of ['shop', undefined]) {
      const caller = await create(`${role}-${namespace ?? 'everywhere'}`);
      await bind(namespace, `clusterrole=${role}`, `user=${caller.name}`);
      const single = () => Promise.all(['web', 'missing', 'api'].map((name) => caller.get('shop', name)));
      await poll(`${statuses}`, async () => (await single()).join() === statuses.join());
      expect((await caller.list()).status).toBe(403);
      expect((await caller.listIn('shop')).status).toBe(403);
      expect(await caller.get('store', 'db')).toBe(role === 'getter' && !namespace ? 200 : 403);
    }
  });
});

describe('a change of permissions takes effect', () => {
  test.each([
    ['in a namespace', 'shop', some('shop')],
    ['everywhere', undefined, all],
  ])('%s: when a binding is created and deleted', async (where, namespace, names) => {
    const caller = await create(`changed-${where.replaceAll(' ', '-')}`);
    await seesNothing(caller);
    const binding = await bind(namespace, 'clusterrole=lister', `user=${caller.name}`);
    await sees(caller, names);
    await kubectl.run(['delete', ...binding]);
    await seesNothing(caller);
  });

  test('when the role of a binding changes', async () => {
    const caller = await create('edited');
    const rules = (verb: string) => kubectl.apply(clusterRole('edited', { verbs: [verb] }));
    await rules('get');
    await bind('store', 'clusterrole=edited', 'user=edited');
    await seesNothing(caller);
    await rules('list');
    await sees(caller, some('store'));
    await rules('watch');
    await seesNothing(caller);
  });

  test('when a part of an aggregated role changes', async () => {
    const caller = await create('aggregated');
    await bind('store', 'clusterrole=whole', 'user=aggregated');
    await sees(caller, some('store'));
    await kubectl.run(['label', 'clusterrole', 'part', 'part-']);
    await seesNothing(caller);
    await kubectl.run(['label', 'clusterrole', 'part', 'part=yes']);
    await sees(caller, some('store'));
  });
});

test('a user with permissions in few of many namespaces causes few reviews', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `many-${index}`);
  const items = names.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  const filled = names.map((name) => deploymentManifest(name, 'web'));
  await kubectl.run(['create', '-f', '-'], manifestStream(items));
  await kubectl.run(['create', '-f', '-'], manifestStream(filled));
  await bind('many-7', 'clusterrole=lister', 'user=modest');
  await bind('many-8', 'clusterrole=getter', 'user=modest');
  const caller = await create('modest');
  await sees(caller, ['many-7/web']);
  const reviews = async () => {
    return Number(await metricValue(operator, 'accesskey_access_reviews_per_listing_sum'));
  };
  const before = await reviews();
  expect((await caller.list()).names).toEqual(['many-7/web']);
  // One for all namespaces, and one for each of the two with a binding.
  expect((await reviews()) - before).toBeLessThanOrEqual(3);
});
