import type { Logger } from 'pino';
import { group, plural, toAccessKeyRecord, version } from './accesskey/access-key-record.ts';
import { createAccessKeyCaches, toNamespaceRecord } from './accesskey/caches.ts';
import { managedBy, type SecretObject, toSecretRecord } from './credential/secret-record.ts';
import { createDeploymentTransform } from './deployments/record.ts';
import { createDeploymentStore } from './deployments/store.ts';
import { createReflector } from './kube/reflector.ts';
import type { Transport } from './kube/transport.ts';

/**
 * The caches of a process and the reflectors that fill them: part of the composition root.
 *
 * @param clusterName what the platform API calls the cluster
 */
export function createCaches(transport: Transport, log: Logger, clusterName: string) {
  const caches = createAccessKeyCaches();
  const deployments = createDeploymentStore();
  const shared = { transport, log };
  const deploymentReflector = createReflector({
    ...shared,
    target: { path: '/apis/apps/v1/deployments' },
    store: deployments,
    transform: createDeploymentTransform(clusterName),
  });
  const reflectors = [
    createReflector({
      ...shared,
      target: { path: '/api/v1/namespaces', metadataOnly: true },
      store: caches.namespaces,
      transform: toNamespaceRecord,
    }),
    createReflector({
      ...shared,
      target: { path: `/apis/${group}/${version}/${plural}` },
      store: caches.accessKeys,
      transform: toAccessKeyRecord,
    }),
    createReflector({
      ...shared,
      target: { path: '/api/v1/secrets', labelSelector: `${managedBy.label}=${managedBy.value}` },
      store: caches.secrets,
      transform: (raw) => toSecretRecord(raw as SecretObject),
    }),
    deploymentReflector,
  ];
  return { caches, deployments, freshness: deploymentReflector.freshness, reflectors };
}
