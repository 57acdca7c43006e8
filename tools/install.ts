/** Installs the manifests and prepares everything that an operator outside of the cluster needs. */
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { type Kubectl, manifestStream } from './kubectl.ts';
import { poll } from './poll.ts';
import { writeServiceAccountKubeconfig } from './service-account.ts';

const baseManifests = fileURLToPath(new URL('../manifests/base', import.meta.url));
export const operatorNamespace = 'accesskey-system';
const operatorServiceAccount = 'accesskey-operator';

/** User of the probes. It has the permissions of `probePermissions` and cannot impersonate anyone. */
const probeName = 'policy-probe';

/**
 * Installs manifests without the Deployment, for an operator that runs as a process outside the cluster, and waits
 * until the CRD and the admission policies have taken effect.
 *
 * @param directory folder with a kustomization, by default manifests/base
 */
export async function installManifests(kubectl: Kubectl, directory = baseManifests): Promise<void> {
  const objects = await renderManifests(kubectl, directory);
  await kubectl.apply(
    objects.filter(({ kind }) => kind !== 'Deployment'),
    '--server-side',
  );
  await kubectl.run(['wait', '--for=condition=Established', 'crd/accesskeys.ghippo.io', '--timeout=60s']);
  await waitForPolicies(kubectl);
}

/** The fields that objects of all kinds have. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
}

/** Renders the objects of a kustomization. */
export async function renderManifests(kubectl: Pick<Kubectl, 'run'>, directory: string): Promise<Manifest[]> {
  const documents = parseAllDocuments(await kubectl.run(['kustomize', directory]));
  return documents.map((document) => document.toJS());
}

export interface PolicyWaitOptions {
  /** Timeout for each policy. */
  readonly timeoutMs?: number;
  /** Namespace of the probes, which are dry runs. */
  readonly namespace?: string;
}

/**
 * Waits until the admission policies have taken effect. This takes a moment after they were created, in which the API
 * server would accept users that the author may not impersonate and forged key pairs.
 *
 * Probes each policy with a write that it must reject, as a dry run. The permissions of the probe are always removed.
 *
 * @throws Error naming the policy that did not reject its probe in time
 */
export async function waitForPolicies(
  kubectl: Kubectl,
  { timeoutMs, namespace = operatorNamespace }: PolicyWaitOptions = {},
): Promise<void> {
  const metadata = { name: probeName, namespace };
  const permissions = probePermissions(metadata);
  try {
    await kubectl.apply(permissions);
    for (const { policy, write } of probes(metadata)) {
      await poll(`the admission policy ${policy}`, () => isRejectedBy(kubectl, policy, write), timeoutMs);
    }
  } finally {
    await kubectl.run(['delete', '-f', '-', '--ignore-not-found'], manifestStream(permissions));
  }
}

async function isRejectedBy(kubectl: Kubectl, policy: string, write: object): Promise<boolean> {
  return kubectl.run(['create', '-f', '-', '--dry-run=server', `--as=${probeName}`], JSON.stringify(write)).then(
    () => false,
    (error: Error) => error.message.includes(`ValidatingAdmissionPolicy '${policy}'`),
  );
}

interface ProbeMetadata {
  name: string;
  namespace: string;
}

/** For each policy, a write that it rejects. */
const probes = (metadata: ProbeMetadata) => [
  {
    policy: 'accesskeys.ghippo.io',
    write: {
      apiVersion: 'ghippo.io/v1alpha1',
      kind: 'AccessKey',
      metadata,
      spec: { user: { name: 'system:policy-probe' } },
    },
  },
  {
    policy: 'secrets.accesskeys.ghippo.io',
    write: {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'ghippo.io/access-key',
      metadata: {
        ...metadata,
        ownerReferences: [
          { apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', name: probeName, uid: probeName, controller: true },
        ],
      },
    },
  },
];

/** Allows the probe to create both kinds in its namespace, so that RBAC does not reject it first. */
const probePermissions = (metadata: ProbeMetadata) => [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata,
    rules: [
      { apiGroups: ['ghippo.io'], resources: ['accesskeys'], verbs: ['create'] },
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: probeName },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: probeName }],
  },
];

/**
 * Writes a kubeconfig with a token of the operator's ServiceAccount.
 *
 * @param namespace namespace of the ServiceAccount
 */
export function writeOperatorKubeconfig(kubectl: Kubectl, file: string, namespace = operatorNamespace): Promise<void> {
  return writeServiceAccountKubeconfig(kubectl, file, { namespace, name: operatorServiceAccount });
}
