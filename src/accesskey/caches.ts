import type { SecretRecord } from '../credential/secret-record.ts';
import type { RawObject } from '../kube/list-watch.ts';
import { createStore, type Store } from '../kube/store.ts';
import type { AccessKeyRecord } from './access-key-record.ts';
import { claimHolder } from './claim.ts';

export interface NamespaceRecord {
  /** Name of the namespace. */
  key: string;
  resourceVersion: string;
  terminating: boolean;
}

/** The watched state that decisions about pairs are made from. */
export interface AccessKeyCaches {
  accessKeys: Store<AccessKeyRecord, 'user' | 'namespace' | 'uid'>;
  secrets: Store<SecretRecord, 'ak' | 'ownerUID'>;
  namespaces: Store<NamespaceRecord>;
}

export function createAccessKeyCaches(): AccessKeyCaches {
  return {
    accessKeys: createStore<AccessKeyRecord, 'user' | 'namespace' | 'uid'>({
      user: (one) => [one.spec.user.name],
      namespace: (one) => [one.namespace],
      uid: (one) => [one.uid],
    }),
    secrets: createStore<SecretRecord, 'ak' | 'ownerUID'>({
      ak: (one) => (one.ak === undefined ? [] : [one.ak]),
      ownerUID: (one) => (one.ownerUID === undefined ? [] : [one.ownerUID]),
    }),
    namespaces: createStore<NamespaceRecord>({}),
  };
}

export function toNamespaceRecord({ metadata }: RawObject): NamespaceRecord {
  return {
    key: metadata.name,
    resourceVersion: metadata.resourceVersion,
    terminating: metadata.deletionTimestamp !== undefined,
  };
}

/** Whether the AccessKey is on its way out: itself, or the namespace around it. */
export function isStopped(caches: AccessKeyCaches, accessKey: AccessKeyRecord): boolean {
  return accessKey.deleting || caches.namespaces.get(accessKey.namespace)?.terminating === true;
}

/** The AccessKey that holds the claim on a user, undefined when none does. */
export function holderOf(caches: AccessKeyCaches, user: string): AccessKeyRecord | undefined {
  return claimHolder(caches.accessKeys.byIndex('user', user), (one) => isStopped(caches, one));
}
