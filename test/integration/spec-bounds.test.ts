/**
 * Random specs against the real API server. Each spec within the bounds of the CRD must be accepted and reconciled to a
 * stable state; each one beyond a bound must be rejected with a message that names the field and the rule.
 */
import fc from 'fast-check';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadKubeconfig } from '../../src/kube/kubeconfig.ts';
import { type CredentialSessions, createCredentialSessions } from '../../src/kube/transport-session.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { type AccessKeyObject, conditionOf, createNamespace } from '../support/platform.ts';
import { type BuildSpec, beyondBounds, randomSpec } from '../support/random-spec.ts';
import { reconciledAfter } from '../support/reconciliation.ts';

const seed = 20261129;
const specs = process.env.SOAK ? 2_000 : 200;
const namespace = 'people';

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;
let sessions: CredentialSessions;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  sessions = createCredentialSessions(() => loadKubeconfig(kubectl.kubeconfig));
  operator = await cluster.startOperator();
  await createNamespace(kubectl, namespace);
});
afterAll(async () => {
  await sessions?.close();
  await cluster?.stop();
});

/** Sends JSON as it is; kubectl would parse and rewrite it. */
async function create(name: string, spec: string): Promise<{ status: number; message: string }> {
  const { server, headers, pools } = await sessions.current();
  const answer = await request(`${server}/apis/ghippo.io/v1alpha1/namespaces/${namespace}/accesskeys`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: `{"apiVersion":"ghippo.io/v1alpha1","kind":"AccessKey","metadata":{"name":"${name}"},"spec":${spec}}`,
    dispatcher: pools.calls,
  });
  const { message = '' } = (await answer.body.json()) as { message?: string };
  return { status: answer.statusCode, message };
}

interface Versioned {
  kind: string;
  metadata: { name: string; resourceVersion: string };
}

/** @returns the resourceVersion of each Secret, and the status of each AccessKey */
async function state(): Promise<Record<string, unknown>> {
  const { items } = await kubectl.get<{ items: (Versioned & AccessKeyObject)[] }>(
    'accesskeys,secrets',
    '-n',
    namespace,
  );
  return Object.fromEntries(
    items.map(({ kind, metadata, status }) => [`${kind} ${metadata.name}`, status ?? metadata.resourceVersion]),
  );
}

test.each(beyondBounds.map((beyond, index) => ({ ...beyond, index })))(
  'rejects a value beyond the bounds of $path ($index), with field and rule',
  async (beyond) => {
    const [build] = fc.sample(randomSpec, { seed: seed + beyond.index, numRuns: 1 }) as [BuildSpec];
    const json = build('beyond', beyond);
    const { status, message } = await create('beyond', json);
    expect({ status, message, json }).toMatchObject({ status: 422 });
    expect(message, json).toMatch(/: (Invalid value|Required value|Too long|Too many|Duplicate value|Unsupported)/);
    expect(message, json).toContain(beyond.path);
  },
);

test('accepts every spec within the bounds', async () => {
  let count = 0;
  const property = fc.asyncProperty(randomSpec, async (build) => {
    const name = `random-${count++}`;
    const json = build(name);
    const { status, message } = await create(name, json);
    expect({ status, message, json }).toMatchObject({ status: 201 });
  });
  await fc.assert(property, { seed, numRuns: specs, endOnFailure: true });
}, 600_000);

test('reconciles each of them to a stable state', async () => {
  const read = () => kubectl.get<{ items: AccessKeyObject[] }>('accesskeys', '-n', namespace);
  const { items } = await poll(
    'every status',
    async () => {
      const list = await read();
      const isSettled = (one: AccessKeyObject) =>
        one.status.observedGeneration === one.metadata.generation && conditionOf(one, 'Reconciling') === undefined;
      return list.items.every(isSettled) && list;
    },
    120_000,
  );
  expect(items).toHaveLength(specs);
  const problems = items.filter((one) => conditionOf(one, 'Ready')?.status !== 'True');
  expect(problems).toEqual([]);

  const before = await state();
  const reconcile = ['label', 'accesskeys', '--all', '-n', namespace, 'reconcile=again'];
  await reconciledAfter(operator, () => kubectl.run(reconcile));
  expect(await state()).toEqual(before);
}, 600_000);
