import type { V1Deployment } from '@kubernetes/client-node';
import type { Json } from '../kube/json.ts';
import type { RawObject } from '../kube/list-watch.ts';
import { createStore, type Store } from '../kube/store.ts';

/** A Deployment as the watch last told it. */
export interface DeploymentRecord {
  /** namespace/name */
  key: string;
  resourceVersion: string;
  /** Without managedFields, a fifth of the memory that nobody reads. */
  object: Json<V1Deployment>;
}

export type DeploymentStore = Store<DeploymentRecord, 'namespace'>;

export function createDeploymentStore(): DeploymentStore {
  return createStore<DeploymentRecord, 'namespace'>({ namespace: (one) => [one.object.metadata?.namespace ?? ''] });
}

export function toDeploymentRecord(raw: RawObject): DeploymentRecord {
  const { managedFields: _, ...metadata } = raw.metadata;
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    resourceVersion: metadata.resourceVersion,
    object: { ...raw, metadata } as Json<V1Deployment>,
  };
}
