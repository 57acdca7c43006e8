/** Admission policies and other controllers that change what the operator writes to Secrets. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SecretObject } from '../../src/credential/secret-record.ts';
import { createKubernetesClient } from '../../src/kube/client.ts';
import { loadKubeconfig } from '../../src/kube/kubeconfig.ts';
import { resources } from '../../src/kube/resource.ts';
import { createTransport } from '../../src/kube/transport.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  type AccessKeyObject,
  accessKeyManifest,
  conditionOf,
  createNamespace,
  createPair,
  eventReasons,
  getToken,
  pairStops,
  waitReady,
} from '../support/platform.ts';
import { reconcileAgain } from '../support/reconciliation.ts';

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  operator = await cluster.startOperator();
});
afterAll(() => cluster?.stop());

const label = 'app.kubernetes.io/managed-by';
const labelField = `metadata.labels[${label}]`;

/**
 * Creates a mutating admission policy for the Secrets of a namespace, and waits until it is enforced.
 *
 * @param change a CEL expression, an Object with the changed fields
 */
async function enforcePolicy(namespace: string, change: string): Promise<void> {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const name = `override-${namespace}`;
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['secrets'] };
  const marked = `Object{metadata: Object.metadata{annotations: {"enforced": "true"}}}`;
  await kubectl.apply({
    apiVersion,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name },
    spec: {
      matchConstraints: { resourceRules: [rule] },
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      mutations: [change, marked].map((expression) => ({
        patchType: 'ApplyConfiguration',
        applyConfiguration: { expression },
      })),
    },
  });
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  await kubectl.apply({
    apiVersion,
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name, matchResources: { namespaceSelector } },
  });
  await poll('the policy', async () => {
    const dry = ['create', 'secret', 'generic', 'probe', '-n', namespace, '--dry-run=server', '-o', 'json'];
    const { metadata } = JSON.parse(await kubectl.run(dry)) as { metadata: { annotations?: Record<string, string> } };
    return metadata.annotations?.enforced === 'true';
  });
}

/** Waits until the AccessKey has a condition of this type. */
function conditionOfType(namespace: string, type: string) {
  return poll(`the condition ${type}`, async () => {
    return conditionOf(await kubectl.get<AccessKeyObject>('accesskey', 'ann', '-n', namespace), type);
  });
}

/** Starts a client that sets fields of a Secret whenever they have another value. @returns stops it */
function startRival(namespace: string, isChanged: (raw: SecretObject) => boolean, patch: object): () => Promise<void> {
  const transport = createTransport(() => loadKubeconfig(cluster.controlPlane.kubeconfig), 'test');
  const client = createKubernetesClient(transport);
  const secret = { ...resources.secrets, namespace, name: 'ann-main' };
  let isRunning = true;
  const run = async () => {
    while (isRunning) {
      const raw = await client.get<SecretObject>(secret);
      if (!isChanged(raw)) await client.patch(secret, patch, { fieldManager: 'rival' });
    }
    await transport.close();
  };
  const running = run();
  return () => {
    isRunning = false;
    return running;
  };
}

/** An AccessKey `ann` of a user of its own. */
const manifestIn = (namespace: string) => accessKeyManifest(namespace, 'ann', { user: { name: namespace } });
const count = (reasons: readonly string[], reason: string) => reasons.filter((one) => one === reason).length;

describe('another controller that rewrites a label', () => {
  test('is reported once, with its field manager, and does not cause a write each time', async () => {
    const namespace = await createNamespace(kubectl, 'contested');
    const pair = await createPair(kubectl, manifestIn(namespace));
    const isChanged = ({ metadata }: SecretObject) => metadata?.labels?.[label] === 'rival';
    const stop = startRival(namespace, isChanged, { metadata: { labels: { [label]: 'rival' } } });
    const condition = await conditionOfType(namespace, 'Overridden');
    expect(condition).toMatchObject({
      status: 'True',
      reason: 'SecretOverridden',
      message: `Secret ann-main: field manager rival changes ${labelField}`,
    });
    await reconcileAgain(operator, kubectl, `${namespace}/ann`);
    await stop();
    const ready = conditionOf(await waitReady(kubectl, namespace, 'ann'), 'Ready');
    expect(ready).toMatchObject({ reason: 'KeyPairsReady' });
    const reasons = await eventReasons(kubectl, namespace, 'ann');
    expect(count(reasons, 'SecretOverridden')).toBe(1);
    expect(count(reasons, 'SecretUpdated')).toBeLessThan(4);
    await getToken(operator.url, pair);
  });
});

describe('another controller that breaks the sk', () => {
  test('makes the AccessKey Stalled, and does not cause an endless sequence of key pairs', async () => {
    const namespace = await createNamespace(kubectl, 'broken');
    await createPair(kubectl, manifestIn(namespace));
    const broken = Buffer.from('broken').toString('base64');
    const stop = startRival(namespace, ({ data }) => data?.sk === broken, { data: { sk: broken } });
    expect(await conditionOfType(namespace, 'Stalled')).toMatchObject({
      reason: 'SecretOverridden',
      message: 'Secret ann-main: field manager rival changes data[sk]',
    });
    await stop();
    const reasons = await eventReasons(kubectl, namespace, 'ann');
    expect(count(reasons, 'SecretOverridden')).toBe(1);
    expect(count(reasons, 'KeyPairRegenerated')).toBeLessThan(4);
  });
});

test('another controller that writes another valid key pair is reported, and the new one gets tokens', async () => {
  const namespace = await createNamespace(kubectl, 'replaced');
  const former = await createPair(kubectl, manifestIn(namespace));
  const pair = { ak: randomUUID(), sk: randomUUID() };
  const data = { ak: Buffer.from(pair.ak).toString('base64'), sk: Buffer.from(pair.sk).toString('base64') };
  const stop = startRival(namespace, (raw) => raw.data?.ak === data.ak, { data });
  await pairStops(operator.url, former);
  await getToken(operator.url, pair);
  await stop();
  await poll('the Event', async () => {
    const list = await kubectl.get<{ items: { message: string }[] }>('events', '-n', namespace);
    return list.items.some(
      ({ message }) => message === 'Field manager rival replaced key pair main in Secret ann-main',
    );
  });
});

describe('an admission policy', () => {
  test('that replaces a label is reported, and the key pair gets tokens', async () => {
    const namespace = await createNamespace(kubectl, 'policed');
    await enforcePolicy(namespace, `Object{metadata: Object.metadata{labels: {"${label}": "platform"}}}`);
    await getToken(operator.url, await createPair(kubectl, manifestIn(namespace)));
    expect(await conditionOfType(namespace, 'Overridden')).toMatchObject({
      message: `Secret ann-main: an admission policy or webhook changes ${labelField}`,
    });
    expect(await eventReasons(kubectl, namespace, 'ann')).toEqual(['KeyPairCreated', 'SecretOverridden']);
  });

  test('that replaces the sk makes the AccessKey Stalled', async () => {
    const namespace = await createNamespace(kubectl, 'censored');
    await enforcePolicy(namespace, 'Object{data: {"sk": "YnJva2Vu"}}');
    await kubectl.apply(manifestIn(namespace));
    expect(await conditionOfType(namespace, 'Stalled')).toMatchObject({
      reason: 'SecretOverridden',
      message: 'Secret ann-main: an admission policy or webhook changes data[sk]',
    });
    await reconcileAgain(operator, kubectl, `${namespace}/ann`);
    expect(await eventReasons(kubectl, namespace, 'ann')).toEqual(['KeyPairCreated', 'SecretOverridden']);
  });

  test('that changes the type is named beside the conflict', async () => {
    const namespace = await createNamespace(kubectl, 'retyped');
    await enforcePolicy(namespace, 'Object{type: "Opaque"}');
    await kubectl.apply(manifestIn(namespace));
    expect(await conditionOfType(namespace, 'Stalled')).toMatchObject({ reason: 'SecretConflict' });
    expect(await conditionOfType(namespace, 'Overridden')).toMatchObject({
      message: 'Secret ann-main: an admission policy or webhook changes type',
    });
  });
});
