import type {
  V1ObjectMeta,
  V1OwnerReference,
  V1PodSpec,
  V1PodTemplateSpec,
  V1Toleration,
} from '@kubernetes/client-node';
import type { Json } from '../kube/json.ts';
import { projectAffinity } from './affinity.ts';
import { projectContainer, projectEphemeralContainer } from './container.ts';
import type { ObjectMeta, OwnerReference, PodSpec, PodTemplateSpec, Toleration } from './pod-schema.ts';
import { projectVolume } from './volume.ts';
import { flag, int64, list, map, message, seconds, text } from './zero-value.ts';

/** A pod template (core/v1 PodTemplateSpec). It is no object in a cluster, so its metadata names none. */
export const projectPodTemplate = (template: Json<V1PodTemplateSpec>): PodTemplateSpec => ({
  metadata: message(template.metadata, (metadata) => projectMetadata(metadata, '')),
  spec: message(template.spec, podSpec),
});

/** metav1 ObjectMeta, with the name of the cluster that the object is in. */
export const projectMetadata = (metadata: Json<V1ObjectMeta>, cluster: string): ObjectMeta => ({
  name: text(metadata.name),
  namespace: text(metadata.namespace),
  uid: text(metadata.uid),
  resourceVersion: text(metadata.resourceVersion),
  creationTimestamp: seconds(metadata.creationTimestamp),
  deletionTimestamp: seconds(metadata.deletionTimestamp),
  labels: map(metadata.labels),
  annotations: map(metadata.annotations),
  ownerReferences: list(metadata.ownerReferences, ownerReference),
  cluster,
  workspaceAlias: '',
});

const ownerReference = (owner: Json<V1OwnerReference>): OwnerReference => ({
  uid: text(owner.uid),
  controller: flag(owner.controller),
  name: text(owner.name),
  kind: text(owner.kind),
  apiVersion: text(owner.apiVersion),
  blockOwnerDeletion: flag(owner.blockOwnerDeletion),
});

const podSpec = (spec: Json<V1PodSpec>): PodSpec => ({
  volumes: list(spec.volumes, projectVolume),
  initContainers: list(spec.initContainers, projectContainer),
  containers: list(spec.containers, projectContainer),
  ephemeralContainers: list(spec.ephemeralContainers, projectEphemeralContainer),
  restartPolicy: text(spec.restartPolicy),
  nodeName: text(spec.nodeName),
  hostNetwork: flag(spec.hostNetwork),
  affinity: message(spec.affinity, projectAffinity),
  tolerations: list(spec.tolerations, toleration),
});

const toleration = (from: Json<V1Toleration>): Toleration => ({
  key: text(from.key),
  operator: text(from.operator),
  value: text(from.value),
  effect: text(from.effect),
  tolerationSeconds: int64(from.tolerationSeconds),
});
