import { type AccessKeyApi, createAccessKeyApi } from '../../accesskey/change/access-key-api.ts';
import { type AccessKeyRecord, accessKeys, group, kind, plural } from '../../accesskey/model/access-key-record.ts';
import { consoleFieldManager as fieldManager } from '../../accesskey/model/field-managers.ts';
import type { KeyPair } from '../../credential/key-pair.ts';
import type { DataKeys } from '../../credential/secret-format.ts';
import { pairAt, type SecretObject } from '../../credential/secret-record.ts';
import { createKubernetesClient } from '../../kube/client.ts';
import { KubernetesError } from '../../kube/errors.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import { resources } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';

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

/** RBAC, or another authorizer of the cluster, does not allow a call. */
export class MissingPermissionError extends Error {
  override readonly name = 'MissingPermissionError';
  readonly permission: Permission;

  constructor(permission: Permission, cause: KubernetesError) {
    super(cause.message, { cause });
    this.permission = permission;
  }
}

/**
 * The Kubernetes calls of the console, made with the permissions of the signed-in person. All of them throw
 * MissingPermissionError, KubernetesError and ConnectionError.
 */
export interface KeyApi extends AccessKeyApi {
  /** @returns the uid of the created AccessKey */
  create(
    namespace: string,
    name: string,
    spec: AccessKeyRecord['spec'],
    annotations?: Readonly<Record<string, string>>,
  ): Promise<string>;
  /** @returns the pair, or undefined if the Secret has no well-formed pair */
  readPair(namespace: string, secretName: string, keys: DataKeys): Promise<KeyPair | undefined>;
  may(permission: Permission): Promise<boolean>;
}

export function createKeyApi(transport: Transport): KeyApi {
  const client = createKubernetesClient(transport);
  const api = createAccessKeyApi(client, fieldManager);
  return {
    read: (namespace, name) => permitted({ ...permissionToCreate, verb: 'get', namespace }, api.read(namespace, name)),
    replaceKeyPairs(fetched, keyPairs, additional) {
      const permission = { ...permissionToCreate, verb: 'patch', namespace: fetched.namespace };
      return permitted(permission, api.replaceKeyPairs(fetched, keyPairs, additional));
    },
    async create(namespace, name, spec, annotations) {
      const metadata = { namespace, name, ...(annotations && { annotations }) };
      const object = { apiVersion: accessKeys.apiVersion, kind, metadata, spec };
      const created = client.create<RawObject>({ ...accessKeys, namespace }, object, { fieldManager });
      return String((await permitted({ ...permissionToCreate, namespace }, created)).metadata.uid);
    },
    async readPair(namespace, secretName, keys) {
      const permission = { verb: 'get', group: '', resource: 'secrets', namespace, name: secretName };
      const secret = client.get<SecretObject>({ ...resources.secrets, namespace, name: secretName });
      const { data = {} } = await permitted(permission, secret);
      return pairAt(data, keys);
    },
    async may(permission) {
      const review = { spec: { resourceAttributes: permission } };
      const { status } = await client.create<AccessReview>(resources.selfSubjectAccessReviews, review);
      return status?.allowed === true;
    },
  };
}

interface AccessReview {
  status?: { allowed?: boolean };
}

/** Names the permission that a call lacks. Quotas and admission policies also respond with 403; their errors stay. */
function permitted<T>(permission: Permission, call: Promise<T>): Promise<T> {
  return call.catch((error: unknown) => {
    const isRejected = error instanceof KubernetesError && error.status === 403 && !error.denied;
    // The text of an authorizer's decision (k8s.io/apiserver, responsewriters.ForbiddenMessage).
    const isUnauthorized =
      isRejected && (error.detail === '' || /^[^\n]{0,600}? is forbidden: User "/.test(error.detail));
    throw isUnauthorized ? new MissingPermissionError(permission, error) : error;
  });
}
