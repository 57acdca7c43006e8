import { type AccessKeyApi, createAccessKeyApi } from '../../accesskey/change/access-key-api.ts';
import { fieldManager } from '../../accesskey/change/managed-fields.ts';
import { type AccessKeyRecord, accessKeys, group, kind, plural } from '../../accesskey/model/access-key-record.ts';
import type { KeyPair } from '../../credential/key-pair.ts';
import type { DataKeys } from '../../credential/secret-format.ts';
import { pairAt, type SecretObject } from '../../credential/secret-record.ts';
import { createKubernetesClient } from '../../kube/client.ts';
import { resources } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';

export type { FetchedAccessKey, KeyPairSpecs } from '../../accesskey/change/access-key-api.ts';

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
export interface KeyApi extends AccessKeyApi {
  create(namespace: string, name: string, spec: AccessKeyRecord['spec']): Promise<void>;
  /** @returns the pair, or undefined if the Secret has no well-formed pair */
  readPair(namespace: string, secretName: string, keys: DataKeys): Promise<KeyPair | undefined>;
  may(permission: Permission): Promise<boolean>;
}

export function createKeyApi(transport: Transport): KeyApi {
  const client = createKubernetesClient(transport);
  return {
    ...createAccessKeyApi(client, fieldManager),
    async create(namespace, name, spec) {
      const object = { apiVersion: accessKeys.apiVersion, kind, metadata: { namespace, name }, spec };
      await client.create({ ...accessKeys, namespace }, object, { fieldManager });
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
