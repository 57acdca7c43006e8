import type { SecretRecord } from '../../credential/secret-record.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import { createStore, type Store } from '../../kube/store.ts';
import { type AccessKeyRecord, ownSecretNames, secretNameOf } from './access-key-record.ts';
import { createUserHolders, type UserHolders } from './user-holders.ts';

export interface NamespaceRecord {
  /** Name of the namespace. */
  key: string;
  resourceVersion: string;
  terminating: boolean;
}

/**
 * - `user`, `namespace`, `uid`: name of the user, the namespace and the uid of the AccessKey
 * - `serviceAccount`: namespace/name of each ServiceAccount that the AccessKey names
 * - `federated`: `federatedKey` of each subject of another issuer that the AccessKey names
 * - `secret`: namespace/name of each Secret that the spec names
 * - `ownSecret`: namespace/name of each Secret that the AccessKey has and still wants (`ownSecretNames`). Any number of
 *   AccessKeys can name a Secret, but few have it
 */
export type AccessKeyIndex = 'user' | 'namespace' | 'uid' | 'serviceAccount' | 'federated' | 'secret' | 'ownSecret';

/** The watched objects that decide which key pairs are live. */
export interface AccessKeyCaches {
  accessKeys: Store<AccessKeyRecord, AccessKeyIndex>;
  secrets: Store<SecretRecord, 'ak' | 'ownerUID'>;
  namespaces: Store<NamespaceRecord>;
  userHolders: UserHolders;
}

export function createAccessKeyCaches(): AccessKeyCaches {
  const accessKeys = createStore<AccessKeyRecord, AccessKeyIndex>({
    user: (one) => [one.spec.user.name],
    namespace: (one) => [one.namespace],
    uid: (one) => [one.uid],
    serviceAccount: (one) => (one.spec.serviceAccounts ?? []).map((name) => `${one.namespace}/${name}`),
    federated: (one) => [...new Set((one.spec.federated ?? []).map(federatedKey))],
    secret: (one) => (one.spec.keyPairs ?? []).map((pair) => `${one.namespace}/${secretNameOf(one, pair)}`),
    ownSecret: (one) => ownSecretNames(one).map((name) => `${one.namespace}/${name}`),
  });
  const secrets = createStore<SecretRecord, 'ak' | 'ownerUID'>({
    ak: ({ pair, previous }) => [pair, previous].flatMap((one) => (one === undefined ? [] : [one.ak])),
    ownerUID: (one) => (one.ownerUID === undefined ? [] : [one.ownerUID]),
  });
  const namespaces = createStore<NamespaceRecord>({});
  const userHolders = createUserHolders(accessKeys, (one) => isBeingDeleted({ namespaces }, one));
  namespaces.subscribe(({ key, previous, current }) => {
    if (previous?.terminating !== current?.terminating) userHolders.namespaceChanged(key);
  });
  return { accessKeys, secrets, namespaces, userHolders };
}

/** @returns the key of a subject in the index `federated` */
export function federatedKey({ issuer, subject }: { issuer: string; subject: string }): string {
  return JSON.stringify([issuer, subject]);
}

export function toNamespaceRecord({ metadata }: RawObject): NamespaceRecord {
  return {
    key: metadata.name,
    resourceVersion: metadata.resourceVersion,
    terminating: metadata.deletionTimestamp !== undefined,
  };
}

/** Whether the AccessKey or its namespace is being deleted. */
export function isBeingDeleted(
  { namespaces }: Pick<AccessKeyCaches, 'namespaces'>,
  accessKey: AccessKeyRecord,
): boolean {
  return accessKey.deleting || isTerminating({ namespaces }, accessKey.namespace);
}

/** Whether the namespace is being deleted. */
export function isTerminating({ namespaces }: Pick<AccessKeyCaches, 'namespaces'>, namespace: string): boolean {
  return namespaces.get(namespace)?.terminating === true;
}

/** Whether the AccessKey holds its user. */
export function holdsUser({ userHolders }: Pick<AccessKeyCaches, 'userHolders'>, accessKey: AccessKeyRecord): boolean {
  return userHolders.holderOf(accessKey.spec.user.name) === accessKey.key;
}

/** @returns the Secret names in the spec that are reserved for another AccessKey, with a text that names its pair */
export function nameHoldersFor(
  { accessKeys }: Pick<AccessKeyCaches, 'accessKeys'>,
  accessKey: AccessKeyRecord,
): ReadonlyMap<string, string> {
  const holders = new Map<string, string>();
  for (const pair of accessKey.spec.keyPairs ?? []) {
    const name = secretNameOf(accessKey, pair);
    const owners = accessKeys.byIndex('ownSecret', `${accessKey.namespace}/${name}`);
    const other = owners.find((one) => one.key !== accessKey.key);
    const theirs = other?.spec.keyPairs?.find((one) => secretNameOf(other, one) === name);
    if (other && theirs) holders.set(name, `AccessKey ${other.name} (key pair ${theirs.name})`);
  }
  return holders;
}
