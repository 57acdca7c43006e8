import type { V1Deployment } from '@kubernetes/client-node';
import type { RawObject } from '../kube/raw-object.ts';
import type { Json } from '../kube/resource.ts';
import type { Stored } from '../kube/store.ts';
import { extendedResourcesOf } from './gpu.ts';
import { projectDeployment } from './kpanda/projection.ts';
import { map, text } from './kpanda/protojson.ts';
import { deploymentState, type State } from './kpanda/state.ts';
import { textsOf } from './omission.ts';

/**
 * A cached Deployment: the fields to filter and sort by, and the serialized response item, so that a page needs no
 * projection. The text replaces the object and needs slightly more memory (bench/README.md).
 */
export interface DeploymentRecord extends Stored {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** Unix time in seconds; 0 if unknown. */
  readonly createdAt: number;
  readonly state: State;
  /** Desired number of pods; unset means 1. The kpanda API does not return it. */
  readonly replicas: number;
  /** For selectors; of a Deployment with very many, the first ones. */
  readonly labels: Readonly<Record<string, string>>;
  /** Extended resources that the pods request, including GPUs; of very many, the first ones. */
  readonly extendedResources: readonly string[];
  /** The item of the kpanda API (schema DeploymentItem), as JSON; of a very large one without its largest parts. */
  readonly text: string;
  /** The same for pages that would be too long (omission.ts); usually the same as `text`. */
  readonly brief: string;
}

/**
 * Labels, and extended resources, that are kept of one Deployment. Kubernetes does not limit them, and 100,000 labels of
 * 1 MB take 12 MiB here. The API server sends both in alphabetical order.
 */
const maxNames = 500;

/** @param cluster name of the cluster of the Deployments */
export function createDeploymentTransform(cluster: string): (raw: RawObject) => DeploymentRecord {
  return (raw) => {
    const object = raw as Json<V1Deployment> & RawObject;
    const { name, namespace = '', resourceVersion, labels, creationTimestamp } = object.metadata;
    const replicas = object.spec?.replicas;
    const created = Date.parse(text(creationTimestamp as string | undefined));
    return {
      key: `${namespace}/${name}`,
      resourceVersion,
      cluster,
      namespace,
      name,
      createdAt: Number.isNaN(created) ? 0 : created / 1000,
      state: deploymentState(object),
      replicas: typeof replicas === 'number' ? replicas : 1,
      labels: firstOf(map(labels as Record<string, string> | undefined)),
      extendedResources: extendedResourcesOf(object.spec?.template?.spec, maxNames),
      ...textsOf(projectDeployment(object, cluster)),
    };
  };
}

function firstOf(labels: Record<string, string>): Record<string, string> {
  const names = Object.keys(labels);
  if (names.length <= maxNames) return labels;
  return Object.fromEntries(names.slice(0, maxNames).map((name) => [name, labels[name] ?? '']));
}
