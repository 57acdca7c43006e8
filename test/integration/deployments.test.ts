/** The deployment routes of a real operator: current states, RBAC, and the contract of the kpanda API. */
import type { V1Container } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeploymentItem, DeploymentList } from '../../src/deployments/kpanda/schema.ts';
import type { Json } from '../../src/kube/resource.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { maximalDeployment } from '../fixtures/maximal-deployment.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { kpandaContract } from '../support/kpanda-contract.ts';
import { accessKeyManifest, createNamespace, createPair, getToken } from '../support/platform.ts';

const base = '/apis/kpanda.io/v1alpha1';
const clusterPath = `${base}/clusters/kpanda-global-cluster`;

let cluster: TestCluster;
let operator: OperatorProcess;
const tokens = new Map<string, string>();

beforeAll(async () => {
  cluster = await startTestCluster({ workloads: true });
  operator = await cluster.startOperator({ access: { cacheSeconds: 1 } });
  const { kubectl } = cluster;
  for (const namespace of ['people', 'shop', 'billing']) await createNamespace(kubectl, namespace);
  for (const user of ['all', 'one', 'none']) {
    tokens.set(user, await getToken(operator.url, await createPair(kubectl, accessKeyManifest('people', user))));
  }
  await kubectl.run(['create', 'clusterrolebinding', 'all', '--clusterrole=view', '--user=all']);
  const role = ['create', 'role', 'one', '-n', 'shop', '--verb=get', '--resource=deployments.apps'];
  await kubectl.run([...role, '--resource-name=web', '--resource-name=nothing']);
  await kubectl.run(['create', 'rolebinding', 'one', '-n', 'shop', '--role=one', '--user=one']);
});
afterAll(() => cluster?.stop());

async function ask(path: string, user = 'all') {
  const answer = await fetch(operator.url + path, { headers: { authorization: `Bearer ${tokens.get(user)}` } });
  return { status: answer.status, text: await answer.text() };
}
const names = (text: string) => (JSON.parse(text) as DeploymentList).items.map(({ metadata }) => metadata.name);

const container = { name: 'main', image: 'nginx:1.29' };
const deployment = (name: string, spec: object = {}, pod: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: 'shop', name },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    ...spec,
    template: { metadata: { labels: { app: name } }, spec: { containers: [container], ...pod } },
  },
});

describe('the state of a deployment follows the cluster', () => {
  const path = `${clusterPath}/namespaces/shop/deployments`;
  const kubectl = (...args: string[]) => cluster.kubectl.run([...args, '-n', 'shop']);

  /** @returns the phases whose filtered lists contain the deployment */
  async function phases(): Promise<string[]> {
    const states = ['Running', 'Deleting', 'Not_Ready', 'Stopped', 'Waiting'];
    const lists = await Promise.all(states.map((phase) => ask(`${path}?phase=${phase}&name=live`)));
    return states.filter((_, index) => names(lists[index]?.text ?? '').length > 0);
  }

  /** Waits until the deployment has this state and is in the list of this phase only. */
  function becomes(state: string, more: (item: DeploymentItem) => boolean = () => true): Promise<DeploymentItem> {
    return poll(`live ${state}`, async () => {
      const item = JSON.parse((await ask(`${path}/live`)).text) as DeploymentItem;
      return item.status.state === state && more(item) && (await phases()).join() === state && item;
    });
  }

  test('when it is created, stopped, paused, not ready and deleted', async () => {
    await cluster.kubectl.apply(deployment('live', { strategy: { type: 'Recreate' } }));
    expect((await becomes('Running')).status).toMatchObject({ availableReplicas: 1, readyReplicas: 1 });
    await kubectl('scale', 'deployment/live', '--replicas=0');
    expect((await becomes('Stopped')).metadata.deletionTimestamp).toBe('0');
    await kubectl('scale', 'deployment/live', '--replicas=1');
    await becomes('Running');
    await kubectl('rollout', 'pause', 'deployment/live');
    expect((await becomes('Waiting')).spec.paused).toBe(true);
    await kubectl('rollout', 'resume', 'deployment/live');
    await becomes('Running');
    // The old pods are deleted and the new ones fit on no node.
    const nowhere = { spec: { template: { spec: { nodeSelector: { nowhere: 'true' } } } } };
    await kubectl('patch', 'deployment', 'live', '-p', JSON.stringify(nowhere));
    await becomes('Not_Ready', ({ status }) => status.availableReplicas === 0);
    await kubectl('patch', 'deployment', 'live', '-p', '{"metadata":{"finalizers":["example.com/hold"]}}');
    await kubectl('delete', 'deployment', 'live', '--wait=false');
    expect((await becomes('Deleting')).metadata.deletionTimestamp).toMatch(/^[1-9]\d+$/);
    await kubectl('patch', 'deployment', 'live', '-p', '{"metadata":{"finalizers":null}}');
    await poll('the end', async () => (await ask(`${path}/live`)).status === 404);
    expect(names((await ask(`${path}?name=live`)).text)).toEqual([]);
  });
});

describe('RBAC', () => {
  beforeAll(async () => {
    for (const name of ['web', 'cart']) await cluster.kubectl.apply(deployment(name, { replicas: 0 }));
    await poll('both', async () => names((await ask(`${clusterPath}/deployments`)).text).includes('web'));
  });

  test.each([
    ['all', 'shop/deployments/web', 200],
    ['all', 'shop/deployments/nothing', 404],
    ['all', 'nowhere/deployments/web', 404],
    ['one', 'shop/deployments/web', 200],
    ['one', 'shop/deployments/nothing', 404],
    ['one', 'shop/deployments/cart', 403],
    ['one', 'shop/deployments/car', 403],
    ['one', 'billing/deployments/web', 403],
    ['none', 'shop/deployments/web', 403],
    ['none', 'nowhere/deployments/web', 403],
    ['all', 'shop/deployments', 200],
    ['all', 'nowhere/deployments', 200],
    ['one', 'shop/deployments', 403],
    ['none', 'nowhere/deployments', 403],
  ])('answers %s at %s with %d', async (user, path, status) => {
    expect((await ask(`${clusterPath}/namespaces/${path}`, user)).status).toBe(status);
  });

  test('gives the same answer for existing and missing deployments without permission', async () => {
    const [present, absent] = await Promise.all(
      ['cart', 'none'].map((name) => ask(`${clusterPath}/namespaces/shop/deployments/${name}`, 'one')),
    );
    expect(present?.text.replaceAll('cart', 'none')).toBe(absent?.text);
  });
});

/** The fixture without fields that the API server rejects in combination. */
function withWhatTheServerTakes(from: Json<V1Container>): Json<V1Container> {
  const { terminationGracePeriodSeconds: _, ...readinessProbe } = from.readinessProbe ?? {};
  const ports = from.ports?.map((one) => ({ ...one, hostPort: one.containerPort }));
  return { ...from, readinessProbe, securityContext: { runAsUser: 1000, runAsNonRoot: true }, ...(ports && { ports }) };
}

describe('the kpanda contract', () => {
  const { ephemeralContainers: _, nodeName: __, ...rest } = maximalDeployment.spec?.template.spec ?? { containers: [] };
  const mended = (all: Json<V1Container>[] = []) => all.map(withWhatTheServerTakes);
  const pod = { ...rest, containers: mended(rest.containers), initContainers: mended(rest.initContainers) };

  beforeAll(async () => {
    const { annotations, labels, ownerReferences } = maximalDeployment.metadata ?? {};
    const filled = deployment('filled', { replicas: 0, strategy: maximalDeployment.spec?.strategy }, pod);
    await cluster.kubectl.apply({ ...filled, metadata: { ...filled.metadata, annotations, labels, ownerReferences } });
    await cluster.kubectl.apply(deployment('started'));
    await cluster.kubectl.run([
      'wait',
      '--for=condition=Available',
      'deployment/started',
      '-n',
      'shop',
      '--timeout=60s',
    ]);
    await poll('it', async () => names((await ask(`${clusterPath}/deployments?name=filled`)).text).length === 1);
  });

  test.each([
    `${clusterPath}/deployments`,
    `${clusterPath}/deployments?page=1000`,
    `${clusterPath}/namespaces/shop/deployments?sortBy=created_at`,
    `${base}/asl/deployments?cluster=kpanda-global-cluster&gpuType=*`,
  ])('is met by the list at %s', async (path) => {
    const { status, text } = await ask(path);
    const check = kpandaContract('v1alpha1ListDeploymentsResponse');
    check(JSON.parse(text));
    expect([status, check.errors]).toEqual([200, null]);
  });

  test.each(['filled', 'started'])('is met by the deployment %s', async (name) => {
    const { text } = await ask(`${clusterPath}/namespaces/shop/deployments/${name}`);
    const check = kpandaContract('v1alpha1Deployment');
    check(JSON.parse(text));
    expect(check.errors).toBeNull();
    const [listed] = (JSON.parse((await ask(`${clusterPath}/deployments?name=${name}`)).text) as DeploymentList).items;
    expect(listed).toEqual(JSON.parse(text));
  });

  test('is violated by an additional, missing or mistyped field', async () => {
    const check = kpandaContract('v1alpha1Deployment');
    const item = JSON.parse((await ask(`${clusterPath}/namespaces/shop/deployments/filled`)).text) as DeploymentItem;
    const { revision, ...less } = item;
    for (const wrong of [{ ...item, more: '' }, less, { ...item, revision: Number(revision) }]) {
      expect(check(wrong)).toBe(false);
    }
  });
});
