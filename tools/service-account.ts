/** Access to a cluster as a ServiceAccount, for programs that run outside the cluster. */
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import type { Kubectl } from './kubectl.ts';

/** Validity of the token, as an argument of kubectl. */
const tokenDuration = '24h';

export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

/** Writes a kubeconfig with a token of an existing ServiceAccount. Only this user can read the file. */
export async function writeServiceAccountKubeconfig(
  kubectl: Kubectl,
  file: string,
  { namespace, name }: ServiceAccount,
): Promise<void> {
  const token = await kubectl.run(['create', 'token', name, '-n', namespace, `--duration=${tokenDuration}`]);
  const view = JSON.parse(await kubectl.run(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json']));
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster: view.clusters[0].cluster }],
    users: [{ name, user: { token: token.trim() } }],
    contexts: [{ name: 'default', context: { cluster: 'cluster', user: name, namespace } }],
    'current-context': 'default',
  };
  await writeFile(file, stringify(kubeconfig), { mode: 0o600 });
}
