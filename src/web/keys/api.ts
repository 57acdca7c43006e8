import {
  type AccessKeyRecord,
  accessKeys,
  group,
  kind,
  plural,
  toAccessKeyRecord,
} from '../../accesskey/model/access-key-record.ts';
import type { KeyPair } from '../../credential/key-pair.ts';
import type { DataKeys } from '../../credential/secret-format.ts';
import { pairAt, type SecretObject } from '../../credential/secret-record.ts';
import { createKubernetesClient } from '../../kube/client.ts';
import type { RawObject } from '../../kube/list-watch.ts';
import { resources } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';
import { type FieldsEntry, fieldManager } from './managed-fields.ts';

/** An AccessKey as read from the API server, with its managedFields. */
export interface FetchedAccessKey extends AccessKeyRecord {
  managedFields: readonly FieldsEntry[];
}

export type KeyPairSpecs = NonNullable<AccessKeyRecord['spec']['keyPairs']>;

/** A permission, with the attributes of a SelfSubjectAccessReview. */
export interface Permission {
  verb: string;
  group: string;
  resource: string;
  namespace?: string;
  name?: string;
}

/** The permission to create an AccessKey. */
export const permissionToCreate: Permission = { verb: 'create', group, resource: plural };

/**
 * The Kubernetes calls of the console, made with the permissions of the signed-in person. All of them throw KubernetesError
 * and ConnectionError.
 */
export interface KeyApi {
  read(namespace: string, name: string): Promise<FetchedAccessKey>;
  create(namespace: string, name: string, spec: AccessKeyRecord['spec']): Promise<void>;
  /** @throws KubernetesError 409 if the AccessKey has changed since it was read */
  replaceKeyPairs(fetched: FetchedAccessKey, keyPairs: KeyPairSpecs): Promise<void>;
  /** @returns the pair, or undefined if the Secret has no well-formed pair */
  readPair(namespace: string, secretName: string, keys: DataKeys): Promise<KeyPair | undefined>;
  may(permission: Permission): Promise<boolean>;
}

export function createKeyApi(transport: Transport): KeyApi {
  const client = createKubernetesClient(transport);
  return {
    async read(namespace, name) {
      const raw = await client.get<RawObject>({ ...accessKeys, namespace, name });
      const managedFields = (raw.metadata.managedFields ?? []) as FieldsEntry[];
      return { ...toAccessKeyRecord(raw), managedFields };
    },
    async create(namespace, name, spec) {
      const object = { apiVersion: accessKeys.apiVersion, kind, metadata: { namespace, name }, spec };
      await client.create({ ...accessKeys, namespace }, object, { fieldManager });
    },
    async replaceKeyPairs({ namespace, name, uid, resourceVersion }, keyPairs) {
      const patch = { metadata: { uid, resourceVersion }, spec: { keyPairs } };
      await client.patch({ ...accessKeys, namespace, name }, patch, { fieldManager });
    },
    async readPair(namespace, secretName, keys) {
      const { data = {} } = await client.get<SecretObject>({ ...resources.secrets, namespace, name: secretName });
      return pairAt(data, keys);
    },
    async may(permission) {
      const { apiVersion } = resources.selfSubjectAccessReviews;
      const review = { apiVersion, kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: permission } };
      const { status } = await client.create<AccessReview>(resources.selfSubjectAccessReviews, review, {
        fieldManager,
      });
      return status?.allowed === true;
    },
  };
}

interface AccessReview {
  status?: { allowed?: boolean };
}
