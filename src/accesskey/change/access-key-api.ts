import type { KubernetesClient } from '../../kube/client.ts';
import type { RawObject } from '../../kube/list-watch.ts';
import { type AccessKeyRecord, accessKeys, toAccessKeyRecord } from '../model/access-key-record.ts';
import type { FieldsEntry } from './managed-fields.ts';

/** An AccessKey as read from the API server, with its managedFields. */
export interface FetchedAccessKey extends AccessKeyRecord {
  managedFields: readonly FieldsEntry[];
}

export type KeyPairSpecs = NonNullable<AccessKeyRecord['spec']['keyPairs']>;

/** Reads an AccessKey and changes its key pairs. Both methods throw KubernetesError and ConnectionError. */
export interface AccessKeyApi {
  read(namespace: string, name: string): Promise<FetchedAccessKey>;
  /**
   * @param annotations set in the same write; others stay
   * @throws KubernetesError 409 if the AccessKey has changed since it was read
   */
  replaceKeyPairs(
    fetched: FetchedAccessKey,
    keyPairs: KeyPairSpecs,
    annotations?: Readonly<Record<string, string>>,
  ): Promise<void>;
}

/** @param fieldManager owner of the fields that a change sets */
export function createAccessKeyApi(client: KubernetesClient, fieldManager: string): AccessKeyApi {
  return {
    async read(namespace, name) {
      const raw = await client.get<RawObject>({ ...accessKeys, namespace, name });
      const managedFields = (raw.metadata.managedFields ?? []) as FieldsEntry[];
      return { ...toAccessKeyRecord(raw), managedFields };
    },
    async replaceKeyPairs({ namespace, name, uid, resourceVersion }, keyPairs, annotations) {
      const metadata = { uid, resourceVersion, ...(annotations && { annotations }) };
      const patch = { metadata, spec: { keyPairs } };
      await client.patch({ ...accessKeys, namespace, name }, patch, { fieldManager });
    },
  };
}
