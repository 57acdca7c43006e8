/**
 * What the Secret of a pair is to be, and the change that makes it so. Pure.
 */
import type { KeyPair } from '../../credential/key-pair.ts';
import {
  accessKeyLabel,
  keyPairLabel,
  managedBy,
  annotations as notes,
  previousKeys,
  type SecretRecord,
} from '../../credential/secret-record.ts';
import { type AccessKeyRecord, dataKeysOf, type KeyPairSpec } from '../model/access-key-record.ts';
import { rfc3339 } from '../model/duration.ts';
import type { PairFacts } from '../model/pair-facts.ts';

export interface SecretMetadata {
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** The values that a Secret is to hold. */
export interface SecretValues {
  pair: KeyPair;
  /** The pair before the last rotation, as long as it works. */
  previous?: KeyPair;
}

/** A change as a JSON merge patch (RFC 7396): null takes a member away. */
export interface SecretPatch {
  metadata: { labels: Record<string, string | null>; annotations: Record<string, string | null> };
  /** Values in base64. */
  data: Record<string, string | null>;
}

/** The labels that each Secret of a pair must have, besides those of the spec. */
export function labelsOf(accessKey: Pick<AccessKeyRecord, 'name'>, pair: KeyPairSpec): Record<string, string> {
  return { [managedBy.label]: managedBy.value, [accessKeyLabel]: accessKey.name, [keyPairLabel]: pair.name };
}

/** Labels and annotations: those of the spec, and the operator's own over them. */
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
      [notes.akKey]: keys.ak,
      [notes.skKey]: keys.sk,
      [notes.revision]: String(revision),
      [notes.generatedAt]: rfc3339(generatedAt),
      ...(previousValidUntil !== undefined && { [notes.previousValidUntil]: rfc3339(previousValidUntil) }),
      ...(!isPlain && { [notes.template]: JSON.stringify(template) }),
    },
  };
}

/** The data of a Secret, in plain text. */
export function desiredData(pair: KeyPairSpec, { pair: current, previous }: SecretValues): Record<string, string> {
  const keys = dataKeysOf(pair);
  return {
    [keys.ak]: current.ak,
    [keys.sk]: current.sk,
    ...(previous && { [previousKeys.ak]: previous.ak, [previousKeys.sk]: previous.sk }),
  };
}

/** The change of labels and annotations that a Secret needs; undefined when it has all it needs and nothing too much. */
export function metadataPatch(secret: SecretRecord, desired: SecretMetadata): SecretPatch['metadata'] | undefined {
  const template = templateOf(secret);
  const labels = difference(secret.labels, desired.labels, template.labels);
  const ours = [notes.previousValidUntil, notes.template];
  const annotations = difference(secret.annotations, desired.annotations, [...template.annotations, ...ours]);
  const unchanged = Object.keys(labels).length === 0 && Object.keys(annotations).length === 0;
  return unchanged ? undefined : { labels, annotations };
}

/** The change of data that a Secret needs: what it held of ours under other keys goes, what others put there stays. */
export function dataPatch(secret: SecretRecord, desired: Record<string, string>): SecretPatch['data'] {
  const wanted = Object.entries(desired).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  const former = [secret.dataKeys.ak, secret.dataKeys.sk, previousKeys.ak, previousKeys.sk];
  const stale = former.filter((key) => !Object.hasOwn(desired, key)).map((key) => [key, null]);
  return Object.fromEntries([...stale, ...wanted]);
}

/** @param removable names that go when they are not desired */
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

/** Which labels and annotations came from the spec, as noted on the Secret. A note that is none gives no names. */
function templateOf({ annotations }: SecretRecord): { labels: string[]; annotations: string[] } {
  try {
    const value = JSON.parse(annotations[notes.template] ?? '{}') as Record<string, unknown>;
    const names = (list: unknown) => (Array.isArray(list) ? list.filter(isRemovable) : []);
    return { labels: names(value?.labels), annotations: names(value?.annotations) };
  } catch {
    return { labels: [], annotations: [] };
  }
}

/** Names of our own are never taken away because of what a note says. */
function isRemovable(name: unknown): name is string {
  return typeof name === 'string' && !name.startsWith('ghippo.io/') && name !== managedBy.label;
}
