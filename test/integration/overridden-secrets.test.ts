/** Admission policies and other controllers that change what the operator writes to Secrets. */
import { afterAll, beforeAll, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { accessKeyManifest, createNamespace, createPair, getToken } from '../support/platform.ts';

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  operator = await cluster.startOperator();
});
afterAll(() => cluster?.stop());

/** Sets a label on every Secret of a namespace, as a mutating admission policy. */
async function overrideLabel(namespace: string, label: string, value: string): Promise<void> {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const name = `override-${namespace}`;
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['secrets'] };
  const expression = `Object{metadata: Object.metadata{labels: {"${label}": "${value}"}}}`;
  await kubectl.apply({
    apiVersion,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name },
    spec: {
      matchConstraints: { resourceRules: [rule] },
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
    },
  });
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  await kubectl.apply({
    apiVersion,
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name, matchResources: { namespaceSelector } },
  });
}

/** Waits until the policy is enforced, which takes the API server some time. */
async function untilEnforced(namespace: string, label: string, value: string): Promise<void> {
  await poll('the policy', async () => {
    const dry = ['create', 'secret', 'generic', 'probe', '-n', namespace, '--dry-run=server', '-o', 'json'];
    const { metadata } = JSON.parse(await kubectl.run(dry)) as { metadata: { labels?: Record<string, string> } };
    return metadata.labels?.[label] === value;
  });
}

test('issues tokens for a key pair although a policy replaces the managed-by label', async () => {
  const [namespace, label] = ['policed', 'app.kubernetes.io/managed-by'];
  await createNamespace(kubectl, namespace);
  await overrideLabel(namespace, label, 'platform');
  await untilEnforced(namespace, label, 'platform');
  await getToken(operator.url, await createPair(kubectl, accessKeyManifest(namespace, 'ann')));
});
