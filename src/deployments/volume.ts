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
import type { Json } from '../kube/json.ts';
import { toUnits } from './quantity.ts';
import type {
  ConfigMapVolumeSource,
  DownwardAPIVolumeFile,
  EmptyDirVolumeSource,
  KeyToPath,
  ObjectFieldSelector,
  ResourceFieldSelector,
  SecretVolumeSource,
  Volume,
} from './volume-schema.ts';
import { flag, int32, int64, list, message, text } from './zero-value.ts';

/** A volume of a pod (core/v1 Volume). Kinds that the kpanda API does not have keep the name only. */
export const projectVolume = (volume: Json<V1Volume>): Volume => ({
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
});

/** A reference to a field of the pod (core/v1 ObjectFieldSelector). */
export const fieldSelector = (selector: Json<V1ObjectFieldSelector>): ObjectFieldSelector => ({
  apiVersion: text(selector.apiVersion),
  fieldPath: text(selector.fieldPath),
});

/** A reference to a resource of a container (core/v1 ResourceFieldSelector). */
export const resourceSelector = (selector: Json<V1ResourceFieldSelector>): ResourceFieldSelector => ({
  containerName: text(selector.containerName),
  resource: text(selector.resource),
});

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
