import { digestOf, isKey } from './key-pair.ts';

/** Type of the Secrets that hold a pair. */
export const secretType = 'ghippo.io/access-key';
/** Every Secret of ours has this label; the watch selects by it. */
export const managedBy = { label: 'app.kubernetes.io/managed-by', value: 'accesskey-operator' };
/** Name of the AccessKey that a Secret belongs to. */
export const accessKeyLabel = 'ghippo.io/access-key';
/** Name of the pair that a Secret holds. */
export const keyPairLabel = 'ghippo.io/key-pair';
/** Keys of the Secret's data. */
export const dataKeys = { ak: 'ak', sk: 'sk' } as const;

/** What is kept of a Secret that holds a pair: never the sk itself. */
export interface SecretRecord {
  /** namespace/name */
  key: string;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
  /** RFC 3339 */
  createdAt: string;
  labels: Readonly<Record<string, string>>;
  /** uid of the AccessKey that controls it, undefined when nothing or something else does. */
  ownerUID: string | undefined;
  /** The ak, when the pair is well-formed. */
  ak: string | undefined;
  /** SHA-256 of the sk, when the pair is well-formed. */
  digest: Buffer | undefined;
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
    labels?: Record<string, string>;
    ownerReferences?: { kind: string; apiVersion: string; uid: string; controller?: boolean }[];
  };
  type?: string;
  /** Values in base64. */
  data?: Record<string, string>;
}

/** Makes the record of a Secret. Whatever is in the Secret, this does not throw. */
export function toSecretRecord({ metadata = {}, data = {}, type }: SecretObject): SecretRecord {
  const ak = decode(data[dataKeys.ak]);
  const sk = decode(data[dataKeys.sk]);
  const malformed = [...(isKey(ak) ? [] : [dataKeys.ak]), ...(isKey(sk) ? [] : [dataKeys.sk])];
  const whole = malformed.length === 0;
  const owner = metadata.ownerReferences?.find((one) => one.controller === true && one.kind === 'AccessKey');
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    createdAt: timestamp(metadata.creationTimestamp),
    labels: ourLabels(metadata.labels),
    // A Secret of another type is never ours, whatever it says of its owner.
    ownerUID: type === secretType && owner?.apiVersion.startsWith('ghippo.io/') ? owner.uid : undefined,
    ak: whole ? ak : undefined,
    digest: whole ? digestOf(sk) : undefined,
    malformed,
  };
}

function decode(value: string | undefined): string {
  return Buffer.from(value ?? '', 'base64').toString('utf8');
}

function timestamp(value: string | Date | undefined): string {
  return value instanceof Date ? value.toISOString().replace('.000Z', 'Z') : (value ?? '');
}

function ourLabels(labels: Record<string, string> = {}): Record<string, string> {
  const names = [managedBy.label, accessKeyLabel, keyPairLabel];
  return Object.fromEntries(names.flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]]])));
}
