import { type DataKeys, defaultDataKeys } from '../../credential/secret-record.ts';
import type { RawObject } from '../../kube/list-watch.ts';
import type { AccessKeySpec, AccessKeyStatus } from './types.generated.ts';

export const group = 'ghippo.io';
export const version = 'v1alpha1';
export const plural = 'accesskeys';
export const kind = 'AccessKey';
export const accessKeys = { apiVersion: `${group}/${version}`, plural } as const;

export type KeyPairSpec = NonNullable<AccessKeySpec['keyPairs']>[number];
export type KeyPairStatus = NonNullable<AccessKeyStatus['keyPairs']>[number];
export type KeyPairState = KeyPairStatus['state'];
export type Condition = NonNullable<AccessKeyStatus['conditions']>[number];

/** What is kept of an AccessKey. */
export interface AccessKeyRecord {
  /** namespace/name */
  key: string;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
  generation: number;
  /** RFC 3339, whole seconds. */
  creationTimestamp: string;
  /** When anything but the status was last written, RFC 3339, whole seconds. */
  updatedAt: string;
  /** Marked for deletion, though perhaps held back by somebody's finalizer. */
  deleting: boolean;
  spec: AccessKeySpec;
  status: AccessKeyStatus;
}

/** Makes the record of an AccessKey as the API server sends it; the CRD's schema has checked its form. */
export function toAccessKeyRecord({ metadata, spec, status }: RawObject): AccessKeyRecord {
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: String(metadata.uid),
    resourceVersion: metadata.resourceVersion,
    generation: Number(metadata.generation),
    creationTimestamp: String(metadata.creationTimestamp),
    updatedAt: updatedAtOf(metadata),
    deleting: metadata.deletionTimestamp !== undefined,
    spec: spec as AccessKeySpec,
    status: (status ?? {}) as AccessKeyStatus,
  };
}

interface ManagedFields {
  subresource?: string;
  time?: string;
}

/** The API server notes the time of each writer's last change (metav1.ManagedFieldsEntry). */
function updatedAtOf({ creationTimestamp, managedFields = [] }: RawObject['metadata']): string {
  const entries = (managedFields as ManagedFields[]).filter(({ subresource }) => !subresource);
  const times = entries.flatMap(({ time }) => time ?? []);
  // Times of one form are ordered as text is.
  return times.sort().at(-1) ?? String(creationTimestamp);
}

/** Name of the Secret of a pair: as the spec says, else `<AccessKey>-<pair>`. */
export function secretNameOf(accessKey: Pick<AccessKeyRecord, 'name'>, pair: KeyPairSpec): string {
  return pair.secret?.name ?? `${accessKey.name}-${pair.name}`;
}

/** Keys of the Secret's data under which the pair is wanted. */
export function dataKeysOf(pair: KeyPairSpec): DataKeys {
  return { ak: pair.secret?.akKey ?? defaultDataKeys.ak, sk: pair.secret?.skKey ?? defaultDataKeys.sk };
}

/** The pair's entry in the status, undefined when it is not known there yet. */
export function pairStatusOf({ status }: Pick<AccessKeyRecord, 'status'>, pairName: string): KeyPairStatus | undefined {
  return status.keyPairs?.find((one) => one.name === pairName);
}
