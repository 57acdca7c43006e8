import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Kubectl } from './kubectl.ts';
import { poll } from './poll.ts';

const manifests = fileURLToPath(new URL('../manifests/base', import.meta.url));
export const operatorNamespace = 'accesskey-system';
const operatorServiceAccount = 'accesskey-operator';
/** Validity of the operator's token, as kubectl wants it. */
const tokenDuration = '24h';

/** Installs the CRD, the rights and the admission policy, and waits until the API server goes by them. */
export async function installManifests(kubectl: Kubectl): Promise<void> {
  await kubectl.run(['apply', '--server-side', '-k', manifests]);
  await kubectl.run(['wait', '--for=condition=Established', 'crd/accesskeys.ghippo.io', '--timeout=60s']);
  await poll('the admission policy', () => isPolicyInForce(kubectl));
}

/** A policy takes effect some moments after it was written: until then a foreign name would be let through. */
async function isPolicyInForce(kubectl: Kubectl): Promise<boolean> {
  const probe = {
    apiVersion: 'ghippo.io/v1alpha1',
    kind: 'AccessKey',
    metadata: { name: 'policy-probe', namespace: operatorNamespace },
    spec: { user: { name: 'system:policy-probe' } },
  };
  // Of the default roles, edit may write AccessKeys and impersonates nobody.
  const asEditor = ['--as=policy-probe', '--as-group=policy-probe', '--dry-run=server'];
  await kubectl
    .run([
      'create',
      'rolebinding',
      'policy-probe',
      '--clusterrole=accesskey-editor',
      '--group=policy-probe',
      '-n',
      operatorNamespace,
    ])
    .catch(() => undefined);
  const refused = await kubectl.run(['create', '-f', '-', ...asEditor], JSON.stringify(probe)).then(
    () => false,
    (error: Error) => error.message.includes('ValidatingAdmissionPolicy'),
  );
  if (refused) await kubectl.run(['delete', 'rolebinding', 'policy-probe', '-n', operatorNamespace]);
  return refused;
}

/** Writes a kubeconfig with which one acts as the operator's ServiceAccount, with its rights and no others. */
export async function writeOperatorKubeconfig(kubectl: Kubectl, file: string): Promise<void> {
  const token = await kubectl.run([
    'create',
    'token',
    operatorServiceAccount,
    '-n',
    operatorNamespace,
    `--duration=${tokenDuration}`,
  ]);
  const view = JSON.parse(await kubectl.run(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json']));
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster: view.clusters[0].cluster }],
    users: [{ name: 'operator', user: { token: token.trim() } }],
    contexts: [{ name: 'operator', context: { cluster: 'cluster', user: 'operator', namespace: operatorNamespace } }],
    'current-context': 'operator',
  };
  await writeFile(file, stringify(kubeconfig), { mode: 0o600 });
}
