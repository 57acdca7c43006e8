import type { Logger } from 'pino';
import { accessKeys, toAccessKeyRecord } from '../accesskey/model/access-key-record.ts';
import { createAccessKeyCaches, toNamespaceRecord } from '../accesskey/model/caches.ts';
import { managedBy } from '../credential/secret-format.ts';
import { type SecretObject, toSecretRecord } from '../credential/secret-record.ts';
import { createDeploymentTransform } from '../deployments/record.ts';
import { createDeploymentStore } from '../deployments/store.ts';
import { createReflector } from '../kube/reflector.ts';
import { pathOf, type Resource, resources } from '../kube/resource.ts';
import type { Transport } from '../kube/transport.ts';

/**
 * The caches of a process and the reflectors that fill them: part of the composition root.
 *
 * @param clusterName what the platform API calls the cluster
 * @param watchNamespace the only one that is looked at. Namespaces themselves are not watched then, which takes a right
 * in the whole cluster: the pairs of one that terminates stop when its AccessKeys are deleted, some moments later
 */
export function createCaches(
  transport: Transport,
  log: Logger,
  { clusterName, watchNamespace }: { clusterName: string; watchNamespace?: string | undefined },
) {
  const caches = createAccessKeyCaches();
  const deployments = createDeploymentStore();
  const shared = { transport, log };
  const pathWithin = (resource: Resource) => pathOf({ ...resource, namespace: watchNamespace });
  const deploymentReflector = createReflector({
    ...shared,
    target: { path: pathWithin(resources.deployments) },
    store: deployments,
    transform: createDeploymentTransform(clusterName),
  });
  const namespaceReflector = createReflector({
    ...shared,
    target: { path: pathOf(resources.namespaces), metadataOnly: true },
    store: caches.namespaces,
    transform: toNamespaceRecord,
  });
  const reflectors = [
    ...(watchNamespace === undefined ? [namespaceReflector] : []),
    createReflector({
      ...shared,
      target: { path: pathWithin(accessKeys) },
      store: caches.accessKeys,
      transform: toAccessKeyRecord,
    }),
    createReflector({
      ...shared,
      target: { path: pathWithin(resources.secrets), labelSelector: `${managedBy.label}=${managedBy.value}` },
      store: caches.secrets,
      transform: (raw) => toSecretRecord(raw as SecretObject),
    }),
    deploymentReflector,
  ];
  return { caches, deployments, freshness: deploymentReflector.freshness, reflectors };
}
