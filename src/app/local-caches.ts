import type { Logger } from 'pino';
import { accessKeys, toAccessKeyRecord } from '../accesskey/model/access-key-record.ts';
import { createAccessKeyCaches, toNamespaceRecord } from '../accesskey/model/caches.ts';
import type { Configuration } from '../config/load.ts';
import { toCachedSecret } from '../credential/cached-secret.ts';
import type { SecretObject } from '../credential/secret-record.ts';
import { createDeploymentTransform } from '../deployments/record.ts';
import { createDeploymentStore } from '../deployments/store.ts';
import { secretTypes } from '../kube/own-names.ts';
import { createReflector } from '../kube/reflector.ts';
import { pathOf, type Resource, resources } from '../kube/resource.ts';
import type { Transport } from '../kube/transport.ts';

export interface LocalCachesOptions {
  configuration: Pick<Configuration, 'clusterName' | 'watchNamespace'>;
  transport: Transport;
  log: Logger;
}

/**
 * Composes the watch caches of the local cluster with the reflectors that fill them.
 *
 * With `watchNamespace`, Namespaces are not watched, because that requires cluster-wide permissions. The cache then has this
 * namespace, and the key pairs of a terminating namespace stay valid until its AccessKeys are deleted, some moments later.
 */
export function createLocalCaches({ configuration, transport, log }: LocalCachesOptions) {
  const { clusterName, watchNamespace } = configuration;
  const caches = createAccessKeyCaches();
  const deployments = createDeploymentStore();
  const pathWithin = (resource: Resource) => pathOf({ ...resource, namespace: watchNamespace });
  const deploymentReflector = createReflector({
    transport,
    log,
    target: { path: pathWithin(resources.deployments) },
    store: deployments,
    transform: createDeploymentTransform(clusterName),
  });
  const namespaceReflector = createReflector({
    transport,
    log,
    target: { path: pathOf(resources.namespaces), metadataOnly: true },
    store: caches.namespaces,
    transform: toNamespaceRecord,
  });
  const accessKeyReflector = createReflector({
    transport,
    log,
    target: { path: pathWithin(accessKeys) },
    store: caches.accessKeys,
    transform: toAccessKeyRecord,
  });
  const secretReflector = createReflector({
    transport,
    log,
    // The type of a Secret cannot be changed, in contrast to a label.
    target: { path: pathWithin(resources.secrets), fieldSelector: `type=${secretTypes.accessKey}` },
    store: caches.secrets,
    transform: (raw) => toCachedSecret(raw as SecretObject),
  });
  const namespaceReflectors = watchNamespace === undefined ? [namespaceReflector] : [];
  if (watchNamespace !== undefined) {
    caches.namespaces.upsert({ key: watchNamespace, resourceVersion: '', terminating: false });
  }
  return {
    caches,
    deployments,
    deploymentsFreshness: deploymentReflector.freshness,
    reflectors: [...namespaceReflectors, accessKeyReflector, secretReflector, deploymentReflector],
  };
}
