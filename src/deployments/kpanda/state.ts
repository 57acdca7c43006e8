import type { V1Deployment } from '@kubernetes/client-node';
import type { Json } from '../../kube/resource.ts';
import { messages } from './protojson.ts';
import type { WorkloadState } from './schema.ts';

/** A state of a Deployment. */
export type State = Exclude<WorkloadState, 'WORKLOAD_STATE_UNSPECIFIED'>;

/**
 * Returns the kpanda state of a Deployment. The first matching row applies:
 *
 * | state     | condition                                                                                     |
 * |-----------|-----------------------------------------------------------------------------------------------|
 * | Deleting  | metadata.deletionTimestamp is set                                                             |
 * | Waiting   | spec.paused                                                                                   |
 * | Stopped   | spec.replicas is 0 (unset means 1)                                                            |
 * | Running   | status.observedGeneration is not behind metadata.generation and condition Available is True   |
 * | Not_Ready | otherwise                                                                                     |
 */
export function deploymentState(deployment: Json<V1Deployment>): State {
  const { metadata, spec } = deployment;
  if (metadata?.deletionTimestamp) return 'Deleting';
  if (spec?.paused) return 'Waiting';
  if (spec?.replicas === 0) return 'Stopped';
  return isObserved(deployment) && isAvailable(deployment) ? 'Running' : 'Not_Ready';
}

/** Whether the status is about the current spec. */
const isObserved = ({ metadata, status }: Json<V1Deployment>): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);

const isAvailable = ({ status }: Json<V1Deployment>): boolean =>
  messages(status?.conditions).some(({ type, status }) => type === 'Available' && status === 'True');
