import type { V1Deployment } from '@kubernetes/client-node';
import type { Json } from '../kube/json.ts';
import type { RawObject } from '../kube/list-watch.ts';
import type { Stored } from '../kube/store.ts';
import { extendedResourcesOf } from './gpu.ts';
import { projectDeployment } from './projection.ts';
import { deploymentState, type State } from './state.ts';
import { text } from './zero-value.ts';

/**
 * A Deployment as the watch last told it: what it is found and ordered by, and its answer ready for the wire, so that a
 * page is put together without projecting anything. The text takes the place of the object, and somewhat more room
 * (bench/README.md).
 */
export interface DeploymentRecord extends Stored {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** Seconds since the epoch; 0 when it is not known. */
  readonly createdAt: number;
  readonly state: State;
  readonly labels: Readonly<Record<string, string>>;
  /** Extended resources that its pods ask for, GPUs among them. */
  readonly extendedResources: readonly string[];
  /** The item of the kpanda API (schema DeploymentItem), as JSON. */
  readonly text: string;
}

const noLabels: DeploymentRecord['labels'] = {};

/**
 * Makes records of the Deployments of one cluster.
 *
 * @param cluster name that the items are to bear
 */
export function createDeploymentTransform(cluster: string): (raw: RawObject) => DeploymentRecord {
  return (raw) => {
    const object = raw as Json<V1Deployment> & RawObject;
    const { name, namespace = '', resourceVersion, labels, creationTimestamp } = object.metadata;
    const created = Date.parse(text(creationTimestamp as string | undefined));
    return {
      key: `${namespace}/${name}`,
      ...{ resourceVersion, cluster, namespace, name },
      createdAt: Number.isNaN(created) ? 0 : created / 1000,
      state: deploymentState(object),
      labels: isLabels(labels) ? labels : noLabels,
      extendedResources: extendedResourcesOf(object.spec?.template?.spec),
      text: JSON.stringify(projectDeployment(object, cluster)),
    };
  };
}

/** A registered cluster can send anything; selectors rely on text. */
function isLabels(labels: unknown): labels is DeploymentRecord['labels'] {
  if (typeof labels !== 'object' || labels === null) return false;
  for (const key in labels) if (typeof (labels as Record<string, unknown>)[key] !== 'string') return false;
  return true;
}
