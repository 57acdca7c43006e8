import type { KubernetesClient } from '../../kube/client.ts';
import type { ManagedFieldsEntry, RawObject } from '../../kube/raw-object.ts';
import { type AccessKeyRecord, accessKeys, toAccessKeyRecord } from '../model/access-key-record.ts';

/** An AccessKey as read from the API server, with its managedFields. */
export interface FetchedAccessKey extends AccessKeyRecord {
  managedFields: readonly ManagedFieldsEntry[];
}

export function toFetchedAccessKey(raw: RawObject): FetchedAccessKey {
  return { ...toAccessKeyRecord(raw), managedFields: raw.metadata.managedFields ?? [] };
}

export type KeyPairSpecs = NonNullable<AccessKeyRecord['spec']['keyPairs']>;

/** What a change of key pairs writes in addition. */
export interface SpecChange {
  /** Set in the same write; others stay. */
  annotations?: Readonly<Record<string, string>>;
  /** Replace spec.audiences; undefined: unchanged. */
  audiences?: readonly string[] | undefined;
}

/** Reads an AccessKey and changes its key pairs. Both methods throw KubernetesError and ConnectionError. */
export interface AccessKeyApi {
  read(namespace: string, name: string): Promise<FetchedAccessKey>;
  /**
   * @throws KubernetesError 409 if the AccessKey has changed since it was read
   */
  replaceKeyPairs(fetched: FetchedAccessKey, keyPairs: KeyPairSpecs, other?: SpecChange): Promise<void>;
}

/** @param fieldManager owner of the fields that a change sets */
export function createAccessKeyApi(client: KubernetesClient, fieldManager: string): AccessKeyApi {
  return {
    async read(namespace, name) {
      return toFetchedAccessKey(await client.get<RawObject>({ ...accessKeys, namespace, name }));
    },
    async replaceKeyPairs({ namespace, name, uid, resourceVersion }, keyPairs, { annotations, audiences } = {}) {
      const metadata = { uid, resourceVersion, ...(annotations && { annotations }) };
      // A merge patch removes an empty list with null.
      const changed = audiences && { audiences: audiences.length > 0 ? audiences : null };
      const patch = { metadata, spec: { keyPairs, ...changed } };
      await client.patch({ ...accessKeys, namespace, name }, patch, { fieldManager });
    },
  };
}
