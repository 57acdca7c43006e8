/**
 * The answer of the deployment listing: the messages of the kpanda API v0.49.0, as its grpc-gateway writes them.
 *
 * Every field is always there, with its zero value when unset: "" (string), "0" (int64), 0 (int32), false, [], {},
 * null (message). Field names keep the spelling of the original, odd capitals included. docs/deployments.md has the
 * whole mapping.
 */
import { z } from '@hono/zod-openapi';
import { int32, int64, orNull } from './field-schema.ts';
import { ObjectMeta, PodTemplateSpec } from './pod-schema.ts';

export const WorkloadState = z
  .enum(['WORKLOAD_STATE_UNSPECIFIED', 'Running', 'Deleting', 'Not_Ready', 'Stopped', 'Waiting'])
  .openapi('WorkloadState', { description: 'State of a workload; the first value is never answered.' });
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
  .openapi('Condition', { description: 'One observation about the Deployment.' });
export type Condition = z.infer<typeof Condition>;

const RollingUpdate = z
  .strictObject({
    maxSurge: z.string().openapi({ description: 'A number of pods or a percentage.' }),
    maxUnavailable: z.string().openapi({ description: 'A number of pods or a percentage.' }),
  })
  .openapi('RollingUpdate', { description: 'How far a rollout may go beyond or below the desired number of pods.' });

export const UpdateStrategy = z
  .strictObject({ rollingUpdate: orNull(RollingUpdate), type: z.string() })
  .openapi('UpdateStrategy', { description: 'How old pods give way to new ones.' });
export type UpdateStrategy = z.infer<typeof UpdateStrategy>;

export const DeploymentSpec = z
  .strictObject({
    template: orNull(PodTemplateSpec),
    strategy: orNull(UpdateStrategy),
    paused: z.boolean(),
  })
  .openapi('DeploymentSpec', { description: 'What is wanted.' });
export type DeploymentSpec = z.infer<typeof DeploymentSpec>;

export const DeploymentStatus = z
  .strictObject({
    availableReplicas: int32,
    readyReplicas: int32,
    replicas: int32.openapi({ description: 'Pods that exist, not the number wanted.' }),
    state: WorkloadState,
    conditions: z.array(Condition),
  })
  .openapi('DeploymentStatus', { description: 'What was last observed.' });
export type DeploymentStatus = z.infer<typeof DeploymentStatus>;

export const DeploymentItem = z
  .strictObject({
    metadata: ObjectMeta,
    spec: DeploymentSpec,
    status: DeploymentStatus,
    revision: int64.openapi({ description: 'Revision of the rollout; "0" when it is not known.' }),
  })
  .openapi('Deployment', { description: 'A Deployment, as the kpanda API shows it.' });
export type DeploymentItem = z.infer<typeof DeploymentItem>;

export const Pagination = z
  .strictObject({
    total: int32.openapi({ description: 'Items on all pages.' }),
    page: int32.openapi({ description: 'Counted from 1.' }),
    pageSize: int32,
    pages: int32.openapi({ description: '0 when there are no items.' }),
  })
  .openapi('Pagination', { description: 'Where this page is in the whole list.' });
export type Pagination = z.infer<typeof Pagination>;

export const DeploymentList = z
  .strictObject({ items: z.array(DeploymentItem), pagination: Pagination })
  .openapi('DeploymentList', { description: 'One page of Deployments.' });
export type DeploymentList = z.infer<typeof DeploymentList>;
