import type { Kubectl } from '../../tools/kubectl.ts';

/** Changes of these are no part of an installation: the cluster itself makes and removes them. */
const ofTheCluster = ['componentstatuses', 'csinodes.storage.k8s.io', 'certificatesigningrequests.certificates.k8s.io'];

/** Every object of the cluster that is in no namespace, as kind/name, in order. */
export async function clusterObjects(kubectl: Kubectl): Promise<string[]> {
  const text = await kubectl.run(['api-resources', '--namespaced=false', '--verbs=list', '-o', 'name']);
  const resources = text.split('\n').filter((name) => name !== '' && !ofTheCluster.includes(name));
  const names = await kubectl.run(['get', resources.join(','), '-o', 'name']);
  return names
    .split('\n')
    .filter((name) => name !== '')
    .sort();
}

/** Namespace and name of the Secrets with key pairs. */
export async function operatorSecrets(kubectl: Kubectl): Promise<string[]> {
  const list = await kubectl.get<{ items: { metadata: { namespace: string; name: string } }[] }>(
    ...['secrets', '--all-namespaces', '--field-selector=type=ghippo.io/access-key'],
  );
  return list.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
}
