/**
 * The response of the deployment listing: the messages of the kpanda API v0.49.0, as its grpc-gateway writes them.
 *
 * Every field is always present, with its zero value if unset: "" (string), "0" (int64), 0 (int32), false, [], {},
 * null (message). Field names are spelled as in the kpanda API, including its capital letters. docs/deployments.md has
 * the complete mapping.
 */
import { z } from '@hono/zod-openapi';
import { ObjectMeta, PodTemplateSpec } from './pod-template.ts';
import { Int32, Int64, orNull } from './protojson.ts';

export const WorkloadState = z
  .enum(['WORKLOAD_STATE_UNSPECIFIED', 'Running', 'Deleting', 'Not_Ready', 'Stopped', 'Waiting'])
  .openapi('WorkloadState', { description: 'State of a workload. The first value is never returned.' });
export type WorkloadState = z.infer<typeof WorkloadState>;

export const Condition = z
  .strictObject({
    lastTransitionTime: z.string().openapi({ description: 'RFC 3339.' }),
    lastUpdateTime: z.string().openapi({ description: 'RFC 3339.' }),
    message: z.string(),
    reason: z.string(),
    status: z.string().openapi({ description: 'True, False or Unknown.' }),
    type: z.string(),
  })
  .openapi('Condition', { description: 'A condition of the Deployment.' });
export type Condition = z.infer<typeof Condition>;

const RollingUpdate = z
  .strictObject({
    maxSurge: z.string().openapi({ description: 'Number of pods, or a percentage.' }),
    maxUnavailable: z.string().openapi({ description: 'Number of pods, or a percentage.' }),
  })
  .openapi('RollingUpdate', {
    description: 'How many pods a rollout may create above, or remove below, the desired number.',
  });

export const UpdateStrategy = z
  .strictObject({ rollingUpdate: orNull(RollingUpdate), type: z.string() })
  .openapi('UpdateStrategy', { description: 'How old pods are replaced by new ones.' });
export type UpdateStrategy = z.infer<typeof UpdateStrategy>;

export const DeploymentSpec = z
  .strictObject({
    template: orNull(PodTemplateSpec),
    strategy: orNull(UpdateStrategy),
    paused: z.boolean(),
  })
  .openapi('DeploymentSpec', { description: 'Desired state.' });
export type DeploymentSpec = z.infer<typeof DeploymentSpec>;

export const DeploymentStatus = z
  .strictObject({
    availableReplicas: Int32,
    readyReplicas: Int32,
    replicas: Int32.openapi({ description: 'Existing pods, not the desired number.' }),
    state: WorkloadState,
    conditions: z.array(Condition),
  })
  .openapi('DeploymentStatus', { description: 'Observed state.' });
export type DeploymentStatus = z.infer<typeof DeploymentStatus>;

export const DeploymentItem = z
  .strictObject({
    metadata: ObjectMeta,
    spec: DeploymentSpec,
    status: DeploymentStatus,
    revision: Int64.openapi({ description: 'Revision of the rollout; "0" if unknown.' }),
  })
  .openapi('Deployment', { description: 'A Deployment, in the format of the kpanda API.' });
export type DeploymentItem = z.infer<typeof DeploymentItem>;

export const Pagination = z
  .strictObject({
    total: Int32.openapi({ description: 'Items on all pages.' }),
    page: Int32.openapi({ description: 'Page number, starting at 1.' }),
    pageSize: Int32,
    pages: Int32.openapi({ description: '0 if there are no items.' }),
  })
  .openapi('Pagination', { description: 'Position of the page in the list.' });
export type Pagination = z.infer<typeof Pagination>;

export const DeploymentList = z
  .strictObject({ items: z.array(DeploymentItem), pagination: Pagination })
  .openapi('DeploymentList', { description: 'One page of Deployments.' });
export type DeploymentList = z.infer<typeof DeploymentList>;
