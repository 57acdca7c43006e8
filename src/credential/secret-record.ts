import { digestOf, isKey, isPair, type KeyPair } from './key-pair.ts';

/** Type of the Secrets that hold a pair. */
export const secretType = 'ghippo.io/access-key';
/** Every Secret of ours has this label; the watch selects by it. */
export const managedBy = { label: 'app.kubernetes.io/managed-by', value: 'accesskey-operator' };
/** Name of the AccessKey that a Secret belongs to. */
export const accessKeyLabel = 'ghippo.io/access-key';
/** Name of the pair that a Secret holds. */
export const keyPairLabel = 'ghippo.io/key-pair';

/** What the operator notes on a Secret, in annotations. */
export const annotations = {
  /** Keys of the data under which the pair is. */
  akKey: 'ghippo.io/ak-key',
  skKey: 'ghippo.io/sk-key',
  /** The revision that the pair was made for. */
  revision: 'ghippo.io/revision',
  /** When the pair was made, RFC 3339. */
  generatedAt: 'ghippo.io/generated-at',
  /** Until when the previous pair works, RFC 3339. */
  previousValidUntil: 'ghippo.io/previous-valid-until',
  /** Names of the labels and annotations that come from the spec: `{"labels": [], "annotations": []}`. */
  template: 'ghippo.io/template',
  /** Set by a person: `<AccessKey>/<pair>` that may take this Secret over. */
  adopt: 'ghippo.io/adopt',
} as const;

/** Keys of the data under which the pair before the last rotation is. */
export const previousKeys: DataKeys = { ak: 'previous-ak', sk: 'previous-sk' };
export const defaultDataKeys: DataKeys = { ak: 'ak', sk: 'sk' };

/** Keys of a Secret's data. */
export interface DataKeys {
  ak: string;
  sk: string;
}

/** What is kept of a pair: never the sk itself. */
export interface PairDigest {
  ak: string;
  /** SHA-256 of the sk. */
  digest: Buffer;
}

/** What is kept of a Secret that holds a pair. */
export interface SecretRecord {
  /** namespace/name */
  key: string;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
  /** RFC 3339 */
  createdAt: string;
  /** Marked for deletion, though perhaps held back by somebody's finalizer. */
  deleting: boolean;
  /** Its data cannot be changed (`immutable: true`). */
  immutable: boolean;
  type: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** uid of the AccessKey that controls it, undefined when nothing or something else does. */
  ownerUID: string | undefined;
  /** Something controls it, an AccessKey or not. */
  controlled: boolean;
  /** Where in the data the pair is, as noted on the Secret. */
  dataKeys: DataKeys;
  /** The pair, when it is well-formed. */
  pair: PairDigest | undefined;
  /** The pair before the last rotation, when it is there and well-formed. */
  previous: PairDigest | undefined;
  /** Whether the data has anything under the keys of a previous pair. */
  holdsPrevious: boolean;
  /** Keys of the data that are absent or not a UUID. */
  malformed: readonly string[];
}

/** The part of a Secret that is read, in JSON or as client-node's model. */
export interface SecretObject {
  metadata?: {
    name?: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    creationTimestamp?: string | Date;
    deletionTimestamp?: string | Date;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { kind: string; apiVersion: string; name?: string; uid: string; controller?: boolean }[];
  };
  type?: string;
  immutable?: boolean;
  /** Values in base64. */
  data?: Record<string, string>;
}

/** Holds a copy of the whole Secret, the sk included. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Makes the record of a Secret. Whatever is in the Secret, this does not throw. */
export function toSecretRecord({ metadata = {}, data = {}, type = '', immutable = false }: SecretObject): SecretRecord {
  const { [lastApplied]: _, ...notes } = metadata.annotations ?? {};
  const dataKeys = notedKeys(notes);
  const controller = metadata.ownerReferences?.find((one) => one.controller === true);
  const isAccessKey = controller?.kind === 'AccessKey' && controller.apiVersion.startsWith('ghippo.io/');
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    createdAt: timestamp(metadata.creationTimestamp),
    deleting: metadata.deletionTimestamp !== undefined,
    immutable,
    type,
    labels: metadata.labels ?? {},
    annotations: notes,
    // A Secret of another type is never ours, whatever it says of its owner.
    ownerUID: type === secretType && isAccessKey ? controller.uid : undefined,
    controlled: controller !== undefined,
    dataKeys,
    pair: pairDigest(data, dataKeys),
    previous: pairDigest(data, previousKeys),
    holdsPrevious: previousKeys.ak in data || previousKeys.sk in data,
    malformed: [dataKeys.ak, dataKeys.sk].filter((key) => !isKey(textAt(data, key))),
  };
}

/** Keys of the data as noted; the default ones where the notes are lost or cannot be what the operator wrote. */
function notedKeys(notes: Readonly<Record<string, string>>): DataKeys {
  const { [annotations.akKey]: ak, [annotations.skKey]: sk } = notes;
  const reserved = [previousKeys.ak, previousKeys.sk];
  if (ak === undefined || sk === undefined || ak === sk) return defaultDataKeys;
  return reserved.includes(ak) || reserved.includes(sk) ? defaultDataKeys : { ak, sk };
}

function pairDigest(data: Record<string, string>, keys: DataKeys): PairDigest | undefined {
  const pair = pairAt(data, keys);
  return pair && withoutSecret(pair);
}

/** What is kept of a pair. */
export function withoutSecret({ ak, sk }: KeyPair): PairDigest {
  return { ak, digest: digestOf(sk) };
}

/** Reads the pair under these keys of a Secret's data; undefined when it is not well-formed. */
export function pairAt(data: Readonly<Record<string, string>>, keys: DataKeys): KeyPair | undefined {
  const [ak, sk] = [textAt(data, keys.ak), textAt(data, keys.sk)];
  return isPair(ak, sk) ? { ak, sk } : undefined;
}

/** Decodes a value of a Secret's data (base64); an absent one is empty. */
export function textAt(data: Readonly<Record<string, string>>, key: string): string {
  // A note may name any key, also one that every object has, such as `constructor`.
  return Object.hasOwn(data, key) ? Buffer.from(data[key] ?? '', 'base64').toString('utf8') : '';
}

function timestamp(value: string | Date | undefined): string {
  return value instanceof Date ? value.toISOString().replace('.000Z', 'Z') : (value ?? '');
}
