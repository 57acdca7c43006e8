import { z } from '@hono/zod-openapi';
import { Affinity } from './affinity-schema.ts';
import { Container, EphemeralContainer } from './container-schema.ts';
import { int64, orNull, stringMap } from './field-schema.ts';
import { Volume } from './volume-schema.ts';

export const OwnerReference = z
  .strictObject({
    uid: z.string(),
    controller: z.boolean(),
    name: z.string(),
    kind: z.string(),
    apiVersion: z.string(),
    blockOwnerDeletion: z.boolean(),
  })
  .openapi('OwnerReference', { description: 'An object that this one belongs to.' });
export type OwnerReference = z.infer<typeof OwnerReference>;

export const ObjectMeta = z
  .strictObject({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    creationTimestamp: int64.openapi({ description: 'Unix time in seconds.' }),
    deletionTimestamp: int64.openapi({ description: 'Unix time in seconds; "0" while it is not being deleted.' }),
    labels: stringMap,
    annotations: stringMap,
    ownerReferences: z.array(OwnerReference),
    cluster: z.string().openapi({ description: 'The cluster the object is in; "" in a pod template.' }),
    workspaceAlias: z.string().openapi({ description: 'Always "": there are no workspaces here.' }),
  })
  .openapi('ObjectMeta', { description: 'Who the object is.' });
export type ObjectMeta = z.infer<typeof ObjectMeta>;

export const Toleration = z
  .strictObject({
    key: z.string(),
    operator: z.string(),
    value: z.string(),
    effect: z.string(),
    tolerationSeconds: int64.openapi({ description: '"0" also when the taint is tolerated for ever.' }),
  })
  .openapi('Toleration', { description: 'A taint that does not keep the pod from a node.' });
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
  .openapi('PodSpec', { description: 'What runs in the pod, and where.' });
export type PodSpec = z.infer<typeof PodSpec>;

export const PodTemplateSpec = z
  .strictObject({ metadata: orNull(ObjectMeta), spec: orNull(PodSpec) })
  .openapi('PodTemplateSpec', { description: 'The pods that the Deployment makes.' });
export type PodTemplateSpec = z.infer<typeof PodTemplateSpec>;
