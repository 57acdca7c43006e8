import { z } from '@hono/zod-openapi';
import type {
  V1ObjectMeta,
  V1OwnerReference,
  V1PodSpec,
  V1PodTemplateSpec,
  V1Toleration,
} from '@kubernetes/client-node';
import type { Json } from '../../kube/resource.ts';
import { Affinity, projectAffinity } from './affinity.ts';
import { Container, EphemeralContainer, projectContainer, projectEphemeralContainer } from './container.ts';
import { flag, Int64, int64, list, map, message, orNull, StringMap, seconds, text } from './protojson.ts';
import { projectVolume, Volume } from './volume.ts';

export const OwnerReference = z
  .strictObject({
    uid: z.string(),
    controller: z.boolean(),
    name: z.string(),
    kind: z.string(),
    apiVersion: z.string(),
    blockOwnerDeletion: z.boolean(),
  })
  .openapi('OwnerReference', { description: 'An owner of the object.' });
export type OwnerReference = z.infer<typeof OwnerReference>;

export const ObjectMeta = z
  .strictObject({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    creationTimestamp: Int64.openapi({ description: 'Unix time in seconds.' }),
    deletionTimestamp: Int64.openapi({ description: 'Unix time in seconds; "0" if the object is not being deleted.' }),
    labels: StringMap,
    annotations: StringMap,
    ownerReferences: z.array(OwnerReference),
    cluster: z.string().openapi({ description: 'Cluster of the object; "" in a pod template.' }),
    workspaceAlias: z.string().openapi({ description: 'Always "": there are no workspaces.' }),
  })
  .openapi('ObjectMeta', { description: 'Metadata of the object.' });
export type ObjectMeta = z.infer<typeof ObjectMeta>;

export const Toleration = z
  .strictObject({
    key: z.string(),
    operator: z.string(),
    value: z.string(),
    effect: z.string(),
    tolerationSeconds: Int64.openapi({ description: 'Also "0" if the taint is tolerated forever.' }),
  })
  .openapi('Toleration', { description: 'A node taint that the pod tolerates.' });
export type Toleration = z.infer<typeof Toleration>;

export const PodSpec = z
  .strictObject({
    volumes: z.array(Volume),
    initContainers: z.array(Container),
    containers: z.array(Container),
    ephemeralContainers: z.array(EphemeralContainer),
    restartPolicy: z.string(),
    nodeName: z.string(),
    hostNetwork: z.boolean(),
    affinity: orNull(Affinity),
    tolerations: z.array(Toleration),
  })
  .openapi('PodSpec', { description: 'Specification of the pod.' });
export type PodSpec = z.infer<typeof PodSpec>;

export const PodTemplateSpec = z
  .strictObject({ metadata: orNull(ObjectMeta), spec: orNull(PodSpec) })
  .openapi('PodTemplateSpec', { description: 'Template of the pods of the Deployment.' });
export type PodTemplateSpec = z.infer<typeof PodTemplateSpec>;

/** Projects core/v1 PodTemplateSpec. A template is not an object in a cluster, so its metadata has no cluster. */
export function projectPodTemplate(template: Json<V1PodTemplateSpec>): PodTemplateSpec {
  return {
    metadata: message(template.metadata, (metadata) => projectMetadata(metadata, '')),
    spec: message(template.spec, podSpec),
  };
}

/** Projects metav1 ObjectMeta, with the name of the object's cluster. */
export function projectMetadata(metadata: Json<V1ObjectMeta>, cluster: string): ObjectMeta {
  return {
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
  };
}

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
