import { z } from '@hono/zod-openapi';
import type {
  V1ConfigMapVolumeSource,
  V1DownwardAPIVolumeFile,
  V1EmptyDirVolumeSource,
  V1KeyToPath,
  V1ObjectFieldSelector,
  V1ResourceFieldSelector,
  V1SecretVolumeSource,
  V1Volume,
} from '@kubernetes/client-node';
import type { Json } from '../../kube/resource.ts';
import { flag, Int32, Int64, int32, int64, list, message, orNull, text } from './protojson.ts';
import { toUnits } from './quantity.ts';

export const ObjectFieldSelector = z
  .strictObject({ apiVersion: z.string(), fieldPath: z.string() })
  .openapi('ObjectFieldSelector', { description: 'A reference to a field of the pod.' });
export type ObjectFieldSelector = z.infer<typeof ObjectFieldSelector>;

export const ResourceFieldSelector = z
  .strictObject({ containerName: z.string(), resource: z.string() })
  .openapi('ResourceFieldSelector', { description: 'A reference to a limit or request of a container.' });
export type ResourceFieldSelector = z.infer<typeof ResourceFieldSelector>;

export const KeyToPath = z
  .strictObject({ key: z.string(), path: z.string(), mode: Int32 })
  .openapi('KeyToPath', { description: 'Maps one key of a Secret or ConfigMap to a path in the volume.' });
export type KeyToPath = z.infer<typeof KeyToPath>;

const HostPathVolumeSource = z
  .strictObject({ path: z.string(), type: z.string() })
  .openapi('HostPathVolumeSource', { description: 'A file or directory of the node.' });

export const EmptyDirVolumeSource = z
  .strictObject({
    medium: z.string(),
    sizeLimit: Int64.openapi({ description: 'Bytes; "0" if there is no limit.' }),
  })
  .openapi('EmptyDirVolumeSource', { description: 'An empty directory with the lifetime of the pod.' });
export type EmptyDirVolumeSource = z.infer<typeof EmptyDirVolumeSource>;

export const SecretVolumeSource = z
  .strictObject({ secretName: z.string(), items: z.array(KeyToPath), defaultMode: Int32, optional: z.boolean() })
  .openapi('SecretVolumeSource', {
    description: 'Files from a Secret. Its name and keys are returned, never its values.',
  });
export type SecretVolumeSource = z.infer<typeof SecretVolumeSource>;

const PersistentVolumeClaimVolumeSource = z
  .strictObject({ claimName: z.string(), readOnly: z.boolean() })
  .openapi('PersistentVolumeClaimVolumeSource', { description: 'The volume bound to a PersistentVolumeClaim.' });

export const DownwardAPIVolumeFile = z
  .strictObject({
    path: z.string(),
    fieldRef: orNull(ObjectFieldSelector),
    resourceFieldRef: orNull(ResourceFieldSelector),
    mode: Int32,
  })
  .openapi('DownwardAPIVolumeFile', { description: 'One file with information about the pod.' });
export type DownwardAPIVolumeFile = z.infer<typeof DownwardAPIVolumeFile>;

const DownwardAPIVolumeSource = z
  .strictObject({
    items: z.array(DownwardAPIVolumeFile),
    DefaultMode: Int32.openapi({ description: 'Spelled with a capital letter as in the kpanda API.' }),
  })
  .openapi('DownwardAPIVolumeSource', { description: 'Files with information about the pod.' });

export const ConfigMapVolumeSource = z
  .strictObject({ name: z.string(), items: z.array(KeyToPath), defaultMode: Int32, optional: z.boolean() })
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
    description:
      'A volume of the pod. At most one source is set; all are null for a kind that this API does not return.',
  });
export type Volume = z.infer<typeof Volume>;

/** Projects core/v1 Volume. Of a kind that the kpanda API does not have, only the name remains. */
export function projectVolume(volume: Json<V1Volume>): Volume {
  return {
    name: text(volume.name),
    hostPath: message(volume.hostPath, (source) => ({ path: text(source.path), type: text(source.type) })),
    emptyDir: message(volume.emptyDir, emptyDir),
    secret: message(volume.secret, secret),
    persistentVolumeClaim: message(volume.persistentVolumeClaim, (source) => ({
      claimName: text(source.claimName),
      readOnly: flag(source.readOnly),
    })),
    downwardAPI: message(volume.downwardAPI, (source) => ({
      items: list(source.items, downwardFile),
      DefaultMode: int32(source.defaultMode),
    })),
    configMap: message(volume.configMap, configMap),
  };
}

/** Projects core/v1 ObjectFieldSelector. */
export function fieldSelector(selector: Json<V1ObjectFieldSelector>): ObjectFieldSelector {
  return {
    apiVersion: text(selector.apiVersion),
    fieldPath: text(selector.fieldPath),
  };
}

/** Projects core/v1 ResourceFieldSelector. */
export function resourceSelector(selector: Json<V1ResourceFieldSelector>): ResourceFieldSelector {
  return {
    containerName: text(selector.containerName),
    resource: text(selector.resource),
  };
}

const emptyDir = (source: Json<V1EmptyDirVolumeSource>): EmptyDirVolumeSource => ({
  medium: text(source.medium),
  sizeLimit: int64(toUnits(text(source.sizeLimit))),
});

const secret = (source: Json<V1SecretVolumeSource>): SecretVolumeSource => ({
  secretName: text(source.secretName),
  items: list(source.items, keyToPath),
  defaultMode: int32(source.defaultMode),
  optional: flag(source.optional),
});

const configMap = (source: Json<V1ConfigMapVolumeSource>): ConfigMapVolumeSource => ({
  name: text(source.name),
  items: list(source.items, keyToPath),
  defaultMode: int32(source.defaultMode),
  optional: flag(source.optional),
});

const keyToPath = (item: Json<V1KeyToPath>): KeyToPath => ({
  key: text(item.key),
  path: text(item.path),
  mode: int32(item.mode),
});

const downwardFile = (file: Json<V1DownwardAPIVolumeFile>): DownwardAPIVolumeFile => ({
  path: text(file.path),
  fieldRef: message(file.fieldRef, fieldSelector),
  resourceFieldRef: message(file.resourceFieldRef, resourceSelector),
  mode: int32(file.mode),
});
