import { z } from '@hono/zod-openapi';
import { int32, int64, orNull } from './field-schema.ts';

export const ObjectFieldSelector = z
  .strictObject({ apiVersion: z.string(), fieldPath: z.string() })
  .openapi('ObjectFieldSelector', { description: 'Points at a field of the pod itself.' });
export type ObjectFieldSelector = z.infer<typeof ObjectFieldSelector>;

export const ResourceFieldSelector = z
  .strictObject({ containerName: z.string(), resource: z.string() })
  .openapi('ResourceFieldSelector', { description: 'Points at a limit or request of a container.' });
export type ResourceFieldSelector = z.infer<typeof ResourceFieldSelector>;

export const KeyToPath = z
  .strictObject({ key: z.string(), path: z.string(), mode: int32 })
  .openapi('KeyToPath', { description: 'Puts one key of a Secret or ConfigMap at a path in the volume.' });
export type KeyToPath = z.infer<typeof KeyToPath>;

const HostPathVolumeSource = z
  .strictObject({ path: z.string(), type: z.string() })
  .openapi('HostPathVolumeSource', { description: 'A file or directory of the node.' });

export const EmptyDirVolumeSource = z
  .strictObject({
    medium: z.string(),
    sizeLimit: int64.openapi({ description: 'In bytes; "0" when there is no limit.' }),
  })
  .openapi('EmptyDirVolumeSource', { description: 'Scratch space that lives as long as the pod.' });
export type EmptyDirVolumeSource = z.infer<typeof EmptyDirVolumeSource>;

export const SecretVolumeSource = z
  .strictObject({ secretName: z.string(), items: z.array(KeyToPath), defaultMode: int32, optional: z.boolean() })
  .openapi('SecretVolumeSource', { description: 'Files from a Secret; its name and keys, never its values.' });
export type SecretVolumeSource = z.infer<typeof SecretVolumeSource>;

const PersistentVolumeClaimVolumeSource = z
  .strictObject({ claimName: z.string(), readOnly: z.boolean() })
  .openapi('PersistentVolumeClaimVolumeSource', { description: 'The volume bound to a claim in the namespace.' });

export const DownwardAPIVolumeFile = z
  .strictObject({
    path: z.string(),
    fieldRef: orNull(ObjectFieldSelector),
    resourceFieldRef: orNull(ResourceFieldSelector),
    mode: int32,
  })
  .openapi('DownwardAPIVolumeFile', { description: 'One file that tells the pod about itself.' });
export type DownwardAPIVolumeFile = z.infer<typeof DownwardAPIVolumeFile>;

const DownwardAPIVolumeSource = z
  .strictObject({
    items: z.array(DownwardAPIVolumeFile),
    DefaultMode: int32.openapi({ description: 'Spelled with a capital in the original API.' }),
  })
  .openapi('DownwardAPIVolumeSource', { description: 'Files that tell the pod about itself.' });

export const ConfigMapVolumeSource = z
  .strictObject({ name: z.string(), items: z.array(KeyToPath), defaultMode: int32, optional: z.boolean() })
  .openapi('ConfigMapVolumeSource', { description: 'Files from a ConfigMap.' });
export type ConfigMapVolumeSource = z.infer<typeof ConfigMapVolumeSource>;

export const Volume = z
  .strictObject({
    name: z.string(),
    hostPath: orNull(HostPathVolumeSource),
    emptyDir: orNull(EmptyDirVolumeSource),
    secret: orNull(SecretVolumeSource),
    persistentVolumeClaim: orNull(PersistentVolumeClaimVolumeSource),
    downwardAPI: orNull(DownwardAPIVolumeSource),
    configMap: orNull(ConfigMapVolumeSource),
  })
  .openapi('Volume', {
    description: 'A volume of the pod. At most one source is set; all are null for kinds that this API does not show.',
  });
export type Volume = z.infer<typeof Volume>;
