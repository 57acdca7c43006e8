import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments, stringify } from 'yaml';
import type { Kubectl } from './kubectl.ts';
import { poll } from './poll.ts';

const manifests = fileURLToPath(new URL('../manifests/base', import.meta.url));
export const operatorNamespace = 'accesskey-system';
const operatorServiceAccount = 'accesskey-operator';
/** Validity of the operator's token, as kubectl wants it. */
const tokenDuration = '24h';

/** Who the probes write as. It has the rights of `probeRights` and impersonates nobody. */
const probeName = 'policy-probe';

/**
 * Installs manifests but for the Deployment, for an operator that runs as a process beside the cluster, and waits until
 * the API server goes by the CRD and the admission policies.
 *
 * @param directory of a kustomization, by default manifests/base
 */
export async function installManifests(kubectl: Kubectl, directory = manifests): Promise<void> {
  const objects = await renderManifests(kubectl, directory);
  const items = objects.filter(({ kind }) => kind !== 'Deployment');
  await kubectl.apply({ apiVersion: 'v1', kind: 'List', items }, '--server-side');
  await kubectl.run(['wait', '--for=condition=Established', 'crd/accesskeys.ghippo.io', '--timeout=60s']);
  await waitForPolicies(kubectl);
}

/** An object of a manifest, as far as it is known before it is looked at. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
}

/**
 * What kustomize makes of a folder.
 *
 * @param directory of a kustomization
 */
export async function renderManifests(kubectl: Pick<Kubectl, 'run'>, directory: string): Promise<Manifest[]> {
  const documents = parseAllDocuments(await kubectl.run(['kustomize', directory]));
  return documents.map((document) => document.toJS());
}

/**
 * Waits until both admission policies are in force. They take effect some moments after they were written: until then a
 * foreign name or a forged key pair would be let through.
 *
 * Each policy is asked with a write that it must refuse, in a dry run. The rights for that are taken back in every case.
 *
 * @param withinMs time for each policy
 * @param namespace where the probes are written, in a dry run
 * @throws Error naming the policy that did not refuse its probe in time
 */
export async function waitForPolicies(
  kubectl: Kubectl,
  withinMs?: number,
  namespace = operatorNamespace,
): Promise<void> {
  const metadata = { name: probeName, namespace };
  const rights = probeRights(metadata);
  try {
    await kubectl.apply(rights);
    for (const { policy, write } of probes(metadata)) {
      await poll(`the admission policy ${policy}`, () => isRefusedBy(kubectl, policy, write), withinMs);
    }
  } finally {
    await kubectl.run(['delete', '-f', '-', '--ignore-not-found'], JSON.stringify(rights));
  }
}

async function isRefusedBy(kubectl: Kubectl, policy: string, write: object): Promise<boolean> {
  return kubectl.run(['create', '-f', '-', '--dry-run=server', `--as=${probeName}`], JSON.stringify(write)).then(
    () => false,
    (error: Error) => error.message.includes(`ValidatingAdmissionPolicy '${policy}'`),
  );
}

interface ProbeMetadata {
  name: string;
  namespace: string;
}

/** For each policy a write that it refuses. */
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

/** Lets the probe create both kinds in its namespace, so that RBAC does not refuse it first. */
const probeRights = (metadata: ProbeMetadata) => ({
  apiVersion: 'v1',
  kind: 'List',
  items: [
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
  ],
});

/**
 * Writes a kubeconfig with which one acts as the operator's ServiceAccount, with its rights and no others.
 *
 * @param namespace of the ServiceAccount
 */
export async function writeOperatorKubeconfig(
  kubectl: Kubectl,
  file: string,
  namespace = operatorNamespace,
): Promise<void> {
  const token = await kubectl.run([
    'create',
    'token',
    operatorServiceAccount,
    '-n',
    namespace,
    `--duration=${tokenDuration}`,
  ]);
  const view = JSON.parse(await kubectl.run(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json']));
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster: view.clusters[0].cluster }],
    users: [{ name: 'operator', user: { token: token.trim() } }],
    contexts: [{ name: 'operator', context: { cluster: 'cluster', user: 'operator', namespace } }],
    'current-context': 'operator',
  };
  await writeFile(file, stringify(kubeconfig), { mode: 0o600 });
}
