import type { Logger } from 'pino';
import { group, plural, toAccessKeyRecord, version } from '../accesskey/model/access-key-record.ts';
import { createAccessKeyCaches, toNamespaceRecord } from '../accesskey/model/caches.ts';
import { managedBy, type SecretObject, toSecretRecord } from '../credential/secret-record.ts';
import { createDeploymentTransform } from '../deployments/record.ts';
import { createDeploymentStore } from '../deployments/store.ts';
import { createReflector } from '../kube/reflector.ts';
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
  const within = watchNamespace === undefined ? '' : `namespaces/${encodeURIComponent(watchNamespace)}/`;
  const deploymentReflector = createReflector({
    ...shared,
    target: { path: `/apis/apps/v1/${within}deployments` },
    store: deployments,
    transform: createDeploymentTransform(clusterName),
  });
  const namespaceReflector = createReflector({
    ...shared,
    target: { path: '/api/v1/namespaces', metadataOnly: true },
    store: caches.namespaces,
    transform: toNamespaceRecord,
  });
  const reflectors = [
    ...(watchNamespace === undefined ? [namespaceReflector] : []),
    createReflector({
      ...shared,
      target: { path: `/apis/${group}/${version}/${within}${plural}` },
      store: caches.accessKeys,
      transform: toAccessKeyRecord,
    }),
    createReflector({
      ...shared,
      target: { path: `/api/v1/${within}secrets`, labelSelector: `${managedBy.label}=${managedBy.value}` },
      store: caches.secrets,
      transform: (raw) => toSecretRecord(raw as SecretObject),
    }),
    deploymentReflector,
  ];
  return { caches, deployments, freshness: deploymentReflector.freshness, reflectors };
}
