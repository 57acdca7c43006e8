import {
  type AccessKeyRecord,
  group,
  kind,
  plural,
  toAccessKeyRecord,
  version,
} from '../../accesskey/model/access-key-record.ts';
import { pairIn } from '../../accesskey/reconcile/secret-content.ts';
import type { KeyPair } from '../../credential/key-pair.ts';
import type { DataKeys, SecretObject } from '../../credential/secret-record.ts';
import type { RawObject } from '../../kube/list-watch.ts';
import type { Transport, TransportRequest } from '../../kube/transport.ts';
import { type FieldsEntry, fieldManager } from './managed-fields.ts';

/** An AccessKey as read from the API server, with its managedFields. */
export interface LiveAccessKey extends AccessKeyRecord {
  managedFields: readonly FieldsEntry[];
}

export type KeyPairSpecs = NonNullable<AccessKeyRecord['spec']['keyPairs']>;

/** A permission, with the attributes of a SelfSubjectAccessReview. */
export interface Right {
  verb: string;
  group: string;
  resource: string;
  namespace?: string;
  name?: string;
}

/** The permission to create an AccessKey. */
export const createRight: Right = { verb: 'create', group, resource: plural };

/**
 * The Kubernetes calls of the console, made with the permissions of the signed-in person. All of them throw KubernetesError
 * and ConnectionError.
 */
export interface KeyApi {
  read(namespace: string, name: string): Promise<LiveAccessKey>;
  create(namespace: string, name: string, spec: AccessKeyRecord['spec']): Promise<void>;
  /** @throws KubernetesError 409 if the AccessKey has changed since it was read */
  replaceKeyPairs(live: LiveAccessKey, keyPairs: KeyPairSpecs): Promise<void>;
  /** @returns the pair, or undefined if the Secret has no well-formed pair */
  readPair(namespace: string, secretName: string, keys: DataKeys): Promise<KeyPair | undefined>;
  may(right: Right): Promise<boolean>;
}

export function createKeyApi(transport: Transport): KeyApi {
  async function call<T>(request: TransportRequest): Promise<T> {
    const answer = await transport.send(request);
    return (await answer.body.json()) as T;
  }
  function write(method: 'POST' | 'PATCH', path: string, type: string, body: object): Promise<unknown> {
    const headers = { 'Content-Type': type };
    return call({ method, path: `${path}?fieldManager=${fieldManager}`, headers, body: JSON.stringify(body) });
  }
  return {
    async read(namespace, name) {
      const raw = await call<RawObject>({ method: 'GET', path: accessKeyPath(namespace, name) });
      const managedFields = (raw.metadata.managedFields ?? []) as FieldsEntry[];
      return { ...toAccessKeyRecord(raw), managedFields };
    },
    async create(namespace, name, spec) {
      const object = { apiVersion: `${group}/${version}`, kind, metadata: { namespace, name }, spec };
      await write('POST', accessKeyPath(namespace), 'application/json', object);
    },
    async replaceKeyPairs({ namespace, name, uid, resourceVersion }, keyPairs) {
      const patch = { metadata: { uid, resourceVersion }, spec: { keyPairs } };
      await write('PATCH', accessKeyPath(namespace, name), 'application/merge-patch+json', patch);
    },
    async readPair(namespace, secretName, keys) {
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(secretName)}`;
      return pairIn(await call<SecretObject>({ method: 'GET', path }), keys);
    },
    async may(right) {
      const body = { kind: 'SelfSubjectAccessReview', apiVersion, spec: { resourceAttributes: right } };
      const answer = await write('POST', `/apis/${apiVersion}/selfsubjectaccessreviews`, 'application/json', body);
      return (answer as { status?: { allowed?: boolean } }).status?.allowed === true;
    },
  };
}

const apiVersion = 'authorization.k8s.io/v1';

function accessKeyPath(namespace: string, name?: string): string {
  const collection = `/apis/${group}/${version}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
  return name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`;
}
