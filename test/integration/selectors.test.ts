/**
 * Compares label and field selectors with a real kube-apiserver: for thousands of random selectors, valid and invalid,
 * both accept or reject the selector and return the same Deployments.
 *
 * NUL and more than 100 requirements are excluded, since only the operator rejects them (docs/deployments.md).
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KubernetesError } from '../../src/kube/errors.ts';
import { loadKubeconfig } from '../../src/kube/kubeconfig.ts';
import { createTransport, type Transport } from '../../src/kube/transport.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  accessKeyManifest,
  createNamespace,
  createPair,
  getToken,
  type Listing,
  listDeployments,
} from '../support/platform.ts';
import { fieldSelectors, labelSelectors } from '../support/selectors.ts';

const namespaces = ['shop', 'store', 'a-b'];
/** Labels of the Deployments, the same set in each namespace. */
const labelSets: Record<string, string>[] = [
  {},
  { app: '' },
  { app: 'web' },
  { app: 'web', tier: 'front' },
  { app: 'db', tier: 'back', 'example.com/size': '5' },
  { app: 'in', in: 'notin', notin: 'in' },
  { 'example.com/size': '12', A: 'b_c.d-e' },
  { 'example.com/size': '007', tier: '9223372036854775807' },
  { app: '99999999999999999999', constructor: 'x', toString: 'y' },
];
const nameOf = (index: number) => ['web', 'db', 'api', 'a.b', 'c-d', 'x', 'y', 'z', 'web-1'][index] ?? `n${index}`;

let cluster: TestCluster;
let operator: OperatorProcess;
let admin: Transport;
let token: string;

beforeAll(async () => {
  cluster = await startTestCluster();
  operator = await cluster.startOperator();
  admin = createTransport(() => loadKubeconfig(cluster.controlPlane.kubeconfig), 'test');
  for (const namespace of [...namespaces, 'people']) await createNamespace(cluster.kubectl, namespace);
  await cluster.kubectl.apply(
    namespaces.flatMap((namespace) => labelSets.map((labels, index) => deployment(namespace, nameOf(index), labels))),
  );
  await cluster.kubectl.run(['create', 'clusterrolebinding', 'all', '--clusterrole=view', '--user=all']);
  token = await getToken(operator.url, await createPair(cluster.kubectl, accessKeyManifest('people', 'all')));
  await poll('all Deployments', async () => (await here('', '')).length === namespaces.length * labelSets.length);
});
afterAll(async () => {
  await admin?.close();
  await cluster?.stop();
});

function deployment(namespace: string, name: string, labels: Record<string, string>) {
  const pod = { metadata: { labels: { pod: 'x' } }, spec: { containers: [{ name: 'main', image: 'nginx' }] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name, labels },
    spec: { replicas: 0, selector: { matchLabels: { pod: 'x' } }, template: pod },
  };
}

const rejected = ['rejected'];
/** @param namespace empty for all namespaces */
const inNamespace = (namespace: string) => (namespace === '' ? '' : `/namespaces/${namespace}`);
const keysOf = (items: readonly { metadata: { namespace: string; name: string } }[]) =>
  items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort();

/** The operator's result for a query. */
async function here(namespace: string, query: string): Promise<string[]> {
  const url = operator.url.concat(`/apis/kpanda.io/v1alpha1/clusters/kpanda-global-cluster${inNamespace(namespace)}`);
  const answer = await fetch(`${url}/deployments?pageSize=500&${query}`.replace(/&$/, ''), {
    headers: { authorization: `Bearer ${token}` },
  });
  if (answer.status === 400) return rejected;
  expect(answer.status, query).toBe(200);
  return keysOf(((await answer.json()) as Listing).items);
}

/** The result of kube-apiserver. */
async function there(namespace: string, query: string): Promise<string[]> {
  const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
  const path = `/apis/apps/v1${inNamespace(namespace)}/deployments?${query}`;
  try {
    const answer = await admin.send({ method: 'GET', path, headers: { accept } });
    const { items } = (await answer.body.json()) as { items: Listing['items'] | null };
    // Go encodes a nil slice as null.
    return keysOf(items ?? []);
  } catch (error) {
    if (error instanceof KubernetesError && error.status === 400) return rejected;
    throw error;
  }
}

function kindOf(found: readonly string[], namespace: string): 'rejected' | 'none' | 'some' | 'all' {
  if (found === rejected) return 'rejected';
  const most = labelSets.length * (namespace === '' ? namespaces.length : 1);
  return found.length === 0 ? 'none' : found.length < most ? 'some' : 'all';
}

test.each([
  ['labelSelector', labelSelectors],
  ['fieldSelector', fieldSelectors],
])(
  '%s give the same result as in kube-apiserver',
  async (parameter, selectors) => {
    const counts = { rejected: 0, none: 0, some: 0, all: 0 };
    const property = fc.asyncProperty(
      selectors,
      fc.constantFrom('', '', ...namespaces),
      async (selector, namespace) => {
        const query = `${parameter}=${encodeURIComponent(selector)}`;
        const [ours, theirs] = await Promise.all([here(namespace, query), there(namespace, query)]);
        expect(ours, JSON.stringify(selector)).toEqual(theirs);
        counts[kindOf(theirs, namespace)] += 1;
      },
    );
    await fc.assert(property, { numRuns: 6_000 });
    process.stdout.write(`${parameter}: ${JSON.stringify(counts)}\n`);
    // The comparison is only meaningful if each kind of result occurred.
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(100);
  },
  600_000,
);

test('selectors that only kube-apiserver accepts are rejected', async () => {
  const nul = `labelSelector=${encodeURIComponent('app=web\0,tier=front')}`;
  const long = `labelSelector=${Array(101).fill('app').join()}`;
  for (const query of [nul, long]) {
    expect(await here('', query)).toBe(rejected);
    expect(await there('', query)).not.toBe(rejected);
  }
  const answer = await listDeployments(operator.url, token, `?${nul}`);
  expect(await answer.json()).toMatchObject({ message: 'labelSelector: at character 8: NUL is not allowed' });
});
