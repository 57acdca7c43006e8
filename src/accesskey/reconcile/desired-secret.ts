/** The desired Secret of a pair, and the patch that leads to it. Pure. */
import type { KeyPair } from '../../credential/key-pair.ts';
import {
  accessKeyLabel,
  annotations as annotationNames,
  keyPairLabel,
  managedBy,
  previousKeys,
} from '../../credential/secret-format.ts';
import type { OwnerReference, SecretRecord } from '../../credential/secret-record.ts';
import { parseTemplateNames, type TemplateNames } from '../../credential/secret-template.ts';
import { type AccessKeyRecord, accessKeys, dataKeysOf, type KeyPairSpec, kind } from '../model/access-key-record.ts';
import type { PairFacts } from '../model/pair-facts.ts';
import { formatTime } from '../model/time.ts';

export interface SecretMetadata {
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** The key pairs that a Secret should hold. */
export interface SecretValues {
  current: KeyPair;
  /** The pair before the last rotation, while it is valid. */
  previous?: KeyPair;
}

/** The parts of a JSON merge patch (RFC 7396), which secret-api.ts puts together: null removes a member. */
export interface SecretPatch {
  metadata: { labels: Record<string, string | null>; annotations: Record<string, string | null> };
  /** Values in base64. */
  data: Record<string, string | null>;
  ownerReferences: OwnerReference[];
}

/**
 * blockOwnerDeletion is not set: it requires permission to update accesskeys/finalizers, and foreground deletion need
 * not wait for the Secret.
 */
export function ownerReferenceTo({ name, uid }: AccessKeyRecord): Required<OwnerReference> {
  return { apiVersion: accessKeys.apiVersion, kind, name, uid, controller: true };
}

/** The labels of the operator on each Secret of a pair. */
export function labelsOf(accessKey: Pick<AccessKeyRecord, 'name'>, pair: KeyPairSpec): Record<string, string> {
  return { [managedBy.label]: managedBy.value, [accessKeyLabel]: accessKey.name, [keyPairLabel]: pair.name };
}

/** The labels and annotations of the spec; the operator's own take precedence. */
export function desiredMetadata(
  accessKey: Pick<AccessKeyRecord, 'name'>,
  pair: KeyPairSpec,
  { revision, generatedAt, previousValidUntil }: PairFacts,
): SecretMetadata {
  const { labels = {}, annotations = {} } = pair.secret ?? {};
  const keys = dataKeysOf(pair);
  const template = { labels: Object.keys(labels).sort(), annotations: Object.keys(annotations).sort() };
  const isPlain = template.labels.length === 0 && template.annotations.length === 0;
  return {
    labels: { ...labels, ...labelsOf(accessKey, pair) },
    annotations: {
      ...annotations,
      [annotationNames.akKey]: keys.ak,
      [annotationNames.skKey]: keys.sk,
      [annotationNames.revision]: String(revision),
      [annotationNames.generatedAt]: formatTime(generatedAt),
      ...(previousValidUntil !== undefined && { [annotationNames.previousValidUntil]: formatTime(previousValidUntil) }),
      ...(!isPlain && { [annotationNames.template]: JSON.stringify(template) }),
    },
  };
}

/** The data of a Secret, not base64-encoded. */
export function desiredData(pair: KeyPairSpec, { current, previous }: SecretValues): Record<string, string> {
  const keys = dataKeysOf(pair);
  return {
    [keys.ak]: current.ak,
    [keys.sk]: current.sk,
    ...(previous && { [previousKeys.ak]: previous.ak, [previousKeys.sk]: previous.sk }),
  };
}

/** @returns the patch of labels and annotations; undefined if they are as desired */
export function metadataPatch(secret: SecretRecord, desired: SecretMetadata): SecretPatch['metadata'] | undefined {
  const template = templateOf(secret);
  const labels = difference(secret.labels, desired.labels, template.labels);
  // A mark for adoption has no effect on a Secret that already belongs to the AccessKey.
  const own = [annotationNames.previousValidUntil, annotationNames.template, annotationNames.adopt];
  const annotations = difference(secret.annotations, desired.annotations, [...template.annotations, ...own]);
  const isUnchanged = Object.keys(labels).length === 0 && Object.keys(annotations).length === 0;
  return isUnchanged ? undefined : { labels, annotations };
}

/** Whether the Secret has the data keys of the spec, and a previous pair only during an overlap. */
export function hasDesiredData(pair: KeyPairSpec, secret: SecretRecord, facts: PairFacts): boolean {
  return hasDesiredKeys(pair, secret) && secret.holdsPrevious === (facts.previousValidUntil !== undefined);
}

/** Whether the annotations name the data keys that the spec requires. */
export function hasDesiredKeys(pair: KeyPairSpec, { dataKeys }: SecretRecord): boolean {
  const desired = dataKeysOf(pair);
  return desired.ak === dataKeys.ak && desired.sk === dataKeys.sk;
}

/** The patch of the data: removes our values under former keys and keeps data that others added. */
export function dataPatch(secret: SecretRecord, desired: Record<string, string>): SecretPatch['data'] {
  const values = Object.entries(desired).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  const former = [secret.dataKeys.ak, secret.dataKeys.sk, previousKeys.ak, previousKeys.sk];
  const stale = former.filter((key) => !Object.hasOwn(desired, key)).map((key) => [key, null]);
  return Object.fromEntries([...stale, ...values]);
}

/** @param removable names that are removed unless desired */
function difference(
  actual: Readonly<Record<string, string>>,
  desired: Readonly<Record<string, string>>,
  removable: readonly string[],
): Record<string, string | null> {
  const changed = Object.entries(desired).filter(([name, value]) => actual[name] !== value);
  const stale = removable
    .filter((name) => Object.hasOwn(actual, name) && !Object.hasOwn(desired, name))
    .map((name) => [name, null]);
  return Object.fromEntries([...stale, ...changed]);
}

/** Names of the labels and annotations that came from the spec, and may be removed. */
function templateOf({ annotations }: SecretRecord): TemplateNames {
  const names = parseTemplateNames(annotations[annotationNames.template]);
  return { labels: names.labels.filter(isRemovable), annotations: names.annotations.filter(isRemovable) };
}

/** The annotation must not cause the operator's own labels and annotations to be removed. */
function isRemovable(name: string): boolean {
  return !name.startsWith('ghippo.io/') && name !== managedBy.label;
}
