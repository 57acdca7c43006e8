import type {
  V1Deployment,
  V1DeploymentCondition,
  V1DeploymentSpec,
  V1DeploymentStrategy,
} from '@kubernetes/client-node';
import type { Json } from '../../kube/resource.ts';
import { projectMetadata, projectPodTemplate } from './pod-template.ts';
import { flag, int32, int64, intOrString, list, message, text } from './protojson.ts';
import type { Condition, DeploymentItem, DeploymentSpec, DeploymentStatus, UpdateStrategy } from './schema.ts';
import { deploymentState } from './state.ts';

/** Set by the Deployment controller (kubernetes/pkg/controller/deployment/util, RevisionAnnotation). */
const revisionAnnotation = 'deployment.kubernetes.io/revision';

/**
 * Projects apps/v1 Deployment to the kpanda API v0.49.0 (v1alpha1Deployment), for the named cluster. Absent fields become
 * zero values, and fields that the kpanda API does not have are left out. Never throws, whatever an API server sends. Maps
 * and string lists are shared with the input, not copied.
 */
export function projectDeployment(deployment: Json<V1Deployment>, cluster: string): DeploymentItem {
  return {
    metadata: projectMetadata(deployment.metadata ?? {}, cluster),
    spec: projectSpec(deployment.spec),
    status: projectStatus(deployment),
    revision: revision(deployment.metadata?.annotations?.[revisionAnnotation]),
  };
}

const projectSpec = (spec: Json<V1DeploymentSpec> | undefined): DeploymentSpec => ({
  template: message(spec?.template, projectPodTemplate),
  strategy: message(spec?.strategy, strategy),
  paused: flag(spec?.paused),
});

const strategy = (from: Json<V1DeploymentStrategy>): UpdateStrategy => ({
  rollingUpdate: message(from.rollingUpdate, ({ maxSurge, maxUnavailable }) => ({
    maxSurge: intOrString(maxSurge),
    maxUnavailable: intOrString(maxUnavailable),
  })),
  type: text(from.type),
});

const projectStatus = (deployment: Json<V1Deployment>): DeploymentStatus => ({
  availableReplicas: int32(deployment.status?.availableReplicas),
  readyReplicas: int32(deployment.status?.readyReplicas),
  replicas: int32(deployment.status?.replicas),
  state: deploymentState(deployment),
  conditions: list(deployment.status?.conditions, condition),
});

const condition = (from: Json<V1DeploymentCondition>): Condition => ({
  lastTransitionTime: text(from.lastTransitionTime),
  lastUpdateTime: text(from.lastUpdateTime),
  message: text(from.message),
  reason: text(from.reason),
  status: text(from.status),
  type: text(from.type),
});

/** An annotation can have any value. */
const revision = (annotation: string | undefined): string =>
  /^\d{1,19}$/.test(text(annotation)) ? int64(BigInt(text(annotation))) : '0';
