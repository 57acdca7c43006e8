import { type DataKeys, defaultDataKeys } from '../../credential/secret-format.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import { isAhead } from '../../kube/time.ts';
import { type LastWrite, lastWriteOf } from './last-write.ts';
import { parseTime } from './time.ts';
import type { AccessKeySpec, AccessKeyStatus } from './types.generated.ts';

export const group = 'ghippo.io';
export const version = 'v1alpha1';
export const plural = 'accesskeys';
export const kind = 'AccessKey';
export const accessKeys = { apiVersion: `${group}/${version}`, plural } as const;

export type KeyPairSpec = NonNullable<AccessKeySpec['keyPairs']>[number];
export type KeyPairStatus = NonNullable<AccessKeyStatus['keyPairs']>[number];
export type FormerSecret = NonNullable<AccessKeyStatus['formerSecrets']>[number];
export type ServiceAccountStatus = NonNullable<AccessKeyStatus['serviceAccounts']>[number];
export type KeyPairState = KeyPairStatus['state'];
export type Condition = NonNullable<AccessKeyStatus['conditions']>[number];

/** An account at the identity provider of single sign-on. Unlike a user name, it is never assigned to another person. */
export interface SelfServicePerson {
  issuer: string;
  subject: string;
}

/** Annotations with the person. Only the operator can set them, which manifests/base/console-policy.yaml ensures. */
export const selfServiceAnnotations = { issuer: 'ghippo.io/sso-issuer', subject: 'ghippo.io/sso-subject' } as const;

/** The cached part of an AccessKey. */
export interface AccessKeyRecord extends LastWrite {
  /** namespace/name */
  key: string;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
  generation: number;
  /** RFC 3339, whole seconds. */
  creationTimestamp: string;
  /** The person for whom self-service in the web console created the AccessKey, see `selfServiceAnnotations`. */
  selfService?: SelfServicePerson;
  /** Has a deletionTimestamp; a finalizer may still keep the object. */
  deleting: boolean;
  spec: AccessKeySpec;
  status: AccessKeyStatus;
}

/** Converts an object from the API server, which has validated it against the CRD's schema. */
export function toAccessKeyRecord({ metadata, spec, status }: RawObject): AccessKeyRecord {
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: String(metadata.uid),
    resourceVersion: metadata.resourceVersion,
    generation: Number(metadata.generation),
    creationTimestamp: String(metadata.creationTimestamp),
    ...lastWriteOf(metadata),
    ...selfServiceOf(metadata),
    deleting: metadata.deletionTimestamp !== undefined,
    spec: spec as AccessKeySpec,
    status: (status ?? {}) as AccessKeyStatus,
  };
}

function selfServiceOf({ annotations = {} }: RawObject['metadata']): Pick<AccessKeyRecord, 'selfService'> {
  const values = annotations as Record<string, string>;
  const { [selfServiceAnnotations.issuer]: issuer, [selfServiceAnnotations.subject]: subject } = values;
  return issuer === undefined || subject === undefined ? {} : { selfService: { issuer, subject } };
}

/** Name of the pair's Secret: `secret.name` of the spec, by default `<AccessKey>-<pair>`. */
export function secretNameOf(accessKey: Pick<AccessKeyRecord, 'name'>, pair: KeyPairSpec): string {
  return pair.secret?.name ?? `${accessKey.name}-${pair.name}`;
}

/**
 * The pairs whose Secret this AccessKey has and still wants under the same name. If the Secret is deleted, only this
 * AccessKey may create it again.
 */
export function ownSecretNames(accessKey: Pick<AccessKeyRecord, 'name' | 'spec' | 'status' | 'deleting'>): string[] {
  if (accessKey.deleting) return [];
  return (accessKey.spec.keyPairs ?? []).flatMap((pair) => {
    const known = pairStatusOf(accessKey, pair.name);
    const secretName = secretNameOf(accessKey, pair);
    const isOwn = known?.accessKey !== undefined && known.state !== 'Conflict' && known.secretName === secretName;
    return isOwn ? [secretName] : [];
  });
}

/** Data keys that the spec requires for the pair. */
export function dataKeysOf(pair: KeyPairSpec): DataKeys {
  return { ak: pair.secret?.akKey ?? defaultDataKeys.ak, sk: pair.secret?.skKey ?? defaultDataKeys.sk };
}

/** Defaults of `keyPairs[].token`: the data key, and the validity. */
export const tokenDefaults = { key: 'token', validFor: '24h' } as const;

/** @returns the pair of the spec; undefined if the spec does not have it */
export function pairSpecOf({ spec }: Pick<AccessKeyRecord, 'spec'>, pairName: string): KeyPairSpec | undefined {
  return spec.keyPairs?.find((one) => one.name === pairName);
}

/** @returns the pair's entry in the status, or undefined if there is none yet */
export function pairStatusOf({ status }: Pick<AccessKeyRecord, 'status'>, pairName: string): KeyPairStatus | undefined {
  return status.keyPairs?.find((one) => one.name === pairName);
}

/** Whether the Secret has replaced keys, and the API server has rejected its deletion. */
export function isFormerSecret({ status }: Pick<AccessKeyRecord, 'status'>, { uid }: { uid: string }): boolean {
  return status.formerSecrets?.some((one) => one.uid === uid) === true;
}

/** @returns the condition of this type; undefined if the status does not have it */
export function conditionOf(
  { status }: Pick<AccessKeyRecord, 'status'>,
  type: Condition['type'],
): Condition | undefined {
  return status.conditions?.find((one) => one.type === type);
}

/** @returns the condition Stalled: only a person can solve the problem; undefined if there is none */
export function stalledConditionOf(accessKey: Pick<AccessKeyRecord, 'status'>): Condition | undefined {
  const stalled = conditionOf(accessKey, 'Stalled');
  return stalled?.status === 'True' ? stalled : undefined;
}

/** A pair whose last use is not longer ago than this is in use, milliseconds. */
const inUseMs = 3_600_000;

type Use = Pick<KeyPairStatus, 'lastUsedTime' | 'previous'>;

/**
 * Whether a pair or a ServiceAccount was used within the last hour, so that stopping it may break a service.
 *
 * @param now milliseconds since the epoch
 */
export function isInUse(use: Use | undefined, now: number): boolean {
  const lastUse = parseTime(use && lastUseOf(use, now));
  return lastUse !== undefined && now - lastUse <= inUseMs;
}

/**
 * @param use of a pair or a ServiceAccount
 * @param now milliseconds since the epoch; a time that is ahead of it is ignored, see `isAhead`
 * @returns when it, or the previous pair, was last used, RFC 3339 in UTC; undefined if it was not
 */
export function lastUseOf({ lastUsedTime, previous }: Use, now: number): string | undefined {
  // RFC 3339 times in UTC with whole seconds sort like text.
  return [lastUsedTime, previous?.lastUsedTime]
    .filter((time) => time !== undefined && !isAhead(Date.parse(time), now))
    .sort()
    .at(-1);
}
