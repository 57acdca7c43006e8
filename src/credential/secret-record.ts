import { secretTypes } from '../kube/own-names.ts';
import { digestOf, isKey, isPair, type KeyPair } from './key-pair.ts';
import { annotations, type DataKeys, defaultDataKeys, previousKeys } from './secret-format.ts';
import { parseTokenRecord, tokenDigest } from './token-record.ts';

/** A key pair without its sk. */
export interface PairDigest {
  ak: string;
  /** SHA-256 of the sk. */
  digest: Buffer;
}

/** A Secret that may hold a key pair, without the sk. The watch cache keeps less of it, see cached-secret.ts. */
export interface SecretRecord {
  /** namespace/name */
  key: string;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
  /** RFC 3339 */
  createdAt: string;
  /** Has a deletionTimestamp; a finalizer may still keep the object. */
  deleting: boolean;
  immutable: boolean;
  type: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** uid of the AccessKey that controls it; undefined if none does. */
  ownerUID: string | undefined;
  /** Any object controls it, an AccessKey or another one. */
  controlled: boolean;
  /** Data keys of the pair according to the annotations. */
  dataKeys: DataKeys;
  /** undefined if the values are not a valid pair. */
  pair: PairDigest | undefined;
  /** The pair before the last rotation; undefined if there is none or it is not valid. */
  previous: PairDigest | undefined;
  /** The data has a value under a key of the previous pair, valid or not. */
  holdsPrevious: boolean;
  /** Data keys of the pair whose value is absent or not a UUID. */
  malformed: readonly string[];
  /** Data keys that are neither of the pair nor of the previous one. */
  otherKeys: readonly string[];
  /** SHA-256 of the value under the data key that the annotation of the token names; undefined if there is none. */
  tokenDigest: string | undefined;
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name?: string;
  uid: string;
  controller?: boolean;
}

/** The fields of a Secret that the operator reads. */
export interface SecretObject {
  metadata?: {
    name?: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: OwnerReference[];
    managedFields?: { manager?: string; time?: string; fieldsV1?: object }[];
  };
  type?: string;
  immutable?: boolean;
  /** Values in base64. */
  data?: Record<string, string>;
}

/** Contains a copy of the whole Secret, including the sk. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Never throws, whatever the Secret contains. */
export function toSecretRecord({ metadata = {}, data = {}, type = '', immutable = false }: SecretObject): SecretRecord {
  const { [lastApplied]: _, ...others } = metadata.annotations ?? {};
  const controller = metadata.ownerReferences?.find((one) => one.controller === true);
  const isAccessKey = controller?.kind === 'AccessKey' && controller.apiVersion.startsWith('ghippo.io/');
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    createdAt: metadata.creationTimestamp ?? '',
    deleting: metadata.deletionTimestamp !== undefined,
    immutable,
    type,
    labels: metadata.labels ?? {},
    annotations: others,
    // A Secret of another type is never ours, whatever its owner reference says.
    ownerUID: type === secretTypes.accessKey && isAccessKey ? controller.uid : undefined,
    controlled: controller !== undefined,
    ...contentAt(data, annotatedKeys(others)),
    previous: pairDigest(data, previousKeys),
    holdsPrevious: previousKeys.ak in data || previousKeys.sk in data,
    otherKeys: otherKeysOf(data, annotatedKeys(others)),
    tokenDigest: tokenDigestIn(data, others[annotations.token]),
  };
}

/** A Secret as the API server has it now, with the sk in its data, and its record. */
export interface FetchedSecret {
  raw: SecretObject;
  record: SecretRecord;
}

export function toFetchedSecret(raw: SecretObject): FetchedSecret {
  return { raw, record: toSecretRecord(raw) };
}

type Data = Readonly<Record<string, string>>;

function otherKeysOf(data: Data, { ak, sk }: DataKeys): string[] {
  return Object.keys(data).filter((key) => ![ak, sk, previousKeys.ak, previousKeys.sk].includes(key));
}

function tokenDigestIn(data: Data, annotation: string | undefined): string | undefined {
  const key = annotation === undefined ? undefined : parseTokenRecord(annotation)?.key;
  const value = key === undefined ? '' : textAt(data, key);
  return value === '' ? undefined : tokenDigest(value);
}

/** The record of a Secret whose pair is under other data keys than the annotations say. */
export function withDataKeys(record: SecretRecord, data: Data, dataKeys: DataKeys): SecretRecord {
  return { ...record, ...contentAt(data, dataKeys) };
}

function contentAt(data: Data, dataKeys: DataKeys): Pick<SecretRecord, 'dataKeys' | 'pair' | 'malformed'> {
  const malformed = [dataKeys.ak, dataKeys.sk].filter((key) => !isKey(textAt(data, key)));
  return { dataKeys, pair: pairDigest(data, dataKeys), malformed };
}

/** Data keys of the annotations; the default if those are lost or the operator cannot have written them. */
function annotatedKeys(values: Readonly<Record<string, string>>): DataKeys {
  const { [annotations.akKey]: ak, [annotations.skKey]: sk } = values;
  const reserved = [previousKeys.ak, previousKeys.sk];
  if (ak === undefined || sk === undefined || ak === sk) return defaultDataKeys;
  return reserved.includes(ak) || reserved.includes(sk) ? defaultDataKeys : { ak, sk };
}

function pairDigest(data: Data, keys: DataKeys): PairDigest | undefined {
  const pair = pairAt(data, keys);
  return pair && withoutSecret(pair);
}

export function withoutSecret({ ak, sk }: KeyPair): PairDigest {
  return { ak, digest: digestOf(sk) };
}

/** @returns the pair under these keys of a Secret's data; undefined if the values are not a valid pair */
export function pairAt(data: Data, keys: DataKeys): KeyPair | undefined {
  const [ak, sk] = [textAt(data, keys.ak), textAt(data, keys.sk)];
  return isPair(ak, sk) ? { ak, sk } : undefined;
}

/** Decodes a base64 value of a Secret's data. @returns '' if it is absent */
export function textAt(data: Data, key: string): string {
  // An annotation may name any key, also one that every object inherits, such as `constructor`.
  return Object.hasOwn(data, key) ? Buffer.from(data[key] ?? '', 'base64').toString('utf8') : '';
}
