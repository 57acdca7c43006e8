import type { SecretRecord } from '../../credential/secret-record.ts';
import type { RawObject } from '../../kube/list-watch.ts';
import { createStore, type Store } from '../../kube/store.ts';
import type { AccessKeyRecord } from './access-key-record.ts';
import { createUserHolders, type UserHolders } from './user-holders.ts';

export interface NamespaceRecord {
  /** Name of the namespace. */
  key: string;
  resourceVersion: string;
  terminating: boolean;
}

/** `serviceAccount`: namespace/name of each ServiceAccount that the AccessKey names. */
export type AccessKeyIndex = 'user' | 'namespace' | 'uid' | 'serviceAccount';

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
  });
  const secrets = createStore<SecretRecord, 'ak' | 'ownerUID'>({
    ak: ({ pair, previous }) => [pair, previous].flatMap((one) => (one === undefined ? [] : [one.ak])),
    ownerUID: (one) => (one.ownerUID === undefined ? [] : [one.ownerUID]),
  });
  const namespaces = createStore<NamespaceRecord>({});
  const userHolders = createUserHolders(accessKeys, (one) => isStopped({ namespaces }, one));
  namespaces.subscribe(({ key, previous, current }) => {
    if (previous?.terminating !== current?.terminating) userHolders.namespaceChanged(key);
  });
  return { accessKeys, secrets, namespaces, userHolders };
}

export function toNamespaceRecord({ metadata }: RawObject): NamespaceRecord {
  return {
    key: metadata.name,
    resourceVersion: metadata.resourceVersion,
    terminating: metadata.deletionTimestamp !== undefined,
  };
}

/** Whether the AccessKey or its namespace is being deleted. */
export function isStopped({ namespaces }: Pick<AccessKeyCaches, 'namespaces'>, accessKey: AccessKeyRecord): boolean {
  return accessKey.deleting || namespaces.get(accessKey.namespace)?.terminating === true;
}

/** Whether the AccessKey holds its user. */
export function holdsUser({ userHolders }: Pick<AccessKeyCaches, 'userHolders'>, accessKey: AccessKeyRecord): boolean {
  return userHolders.holderOf(accessKey.spec.user.name) === accessKey.key;
}
