import type { Kubectl } from '../../tools/kubectl.ts';

/** Kinds that the cluster itself creates and removes. */
const managedByCluster = [
  'componentstatuses',
  'csinodes.storage.k8s.io',
  'certificatesigningrequests.certificates.k8s.io',
];

/** @returns all cluster-scoped objects as kind/name, sorted */
export async function clusterObjects(kubectl: Kubectl): Promise<string[]> {
  const text = await kubectl.run(['api-resources', '--namespaced=false', '--verbs=list', '-o', 'name']);
  const resources = text.split('\n').filter((name) => name !== '' && !managedByCluster.includes(name));
  const names = await kubectl.run(['get', resources.join(','), '-o', 'name']);
  return names
    .split('\n')
    .filter((name) => name !== '')
    .sort();
}

/** @returns the Secrets with key pairs as namespace/name */
export async function operatorSecrets(kubectl: Kubectl): Promise<string[]> {
  const list = await kubectl.get<{ items: { metadata: { namespace: string; name: string } }[] }>(
    'secrets',
    '--all-namespaces',
    '--field-selector=type=ghippo.io/access-key',
  );
  return list.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
}
