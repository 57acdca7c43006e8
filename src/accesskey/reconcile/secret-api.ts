import {
  accessKeyLabel,
  managedBy,
  type SecretObject,
  type SecretRecord,
  secretType,
  toSecretRecord,
} from '../../credential/secret-record.ts';
import type { KubernetesClient } from '../../kube/client.ts';
import { isStatus } from '../../kube/errors.ts';
import { resources } from '../../kube/resource.ts';
import { type AccessKeyRecord, accessKeys, kind } from '../model/access-key-record.ts';
import type { SecretMetadata, SecretPatch } from './desired-secret.ts';

/** What was decided on is no longer so: the cache was behind. The pass is tried again. */
export class StaleCacheError extends Error {
  override readonly name = 'StaleCacheError';
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

/** The reads and writes of a pass. Each write says by its precondition (uid, resourceVersion) what it is about. */
export interface SecretApi {
  /** @returns undefined when there is no such Secret */
  read(namespace: string, name: string): Promise<SecretObject | undefined>;
  /** The Secrets that are labelled as those of an AccessKey, as the API server has them now. */
  list(accessKey: AccessKeyRecord): Promise<SecretObject[]>;
  /** @throws StaleCacheError when the Secret is not as in the record any more */
  readAsRecorded(record: SecretRecord): Promise<SecretObject>;
  /** @throws StaleCacheError when there is one of this name */
  create(
    accessKey: AccessKeyRecord,
    name: string,
    metadata: SecretMetadata,
    data: Record<string, string>,
  ): Promise<SecretRecord>;
  /** @throws StaleCacheError when the Secret is not as in the record any more */
  patch(
    record: SecretRecord,
    patch: Partial<SecretPatch> & { ownerReferences?: OwnerReference[] },
  ): Promise<SecretRecord>;
  /**
   * @returns whether it was there; one that is gone is well
   * @throws StaleCacheError when the Secret is not as in the record any more
   */
  remove(record: SecretRecord): Promise<boolean>;
  /** @throws StaleCacheError when the API server has another generation of the AccessKey than this, or none */
  confirm(accessKey: AccessKeyRecord): Promise<void>;
}

interface LiveGeneration {
  metadata: { uid: string; generation: number; deletionTimestamp?: string };
}

/** Without blockOwnerDeletion, which would need rights on accesskeys/finalizers: nothing waits for the Secret. */
export function ownerReferenceTo({ name, uid }: AccessKeyRecord): OwnerReference {
  return { apiVersion: accessKeys.apiVersion, kind, name, uid, controller: true };
}

export function createSecretApi(client: KubernetesClient): SecretApi {
  async function read(namespace: string, name: string): Promise<SecretObject | undefined> {
    try {
      return await client.get({ ...resources.secrets, namespace, name });
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  return {
    read,
    async list({ namespace, name }) {
      const labelSelector = `${managedBy.label}=${managedBy.value},${accessKeyLabel}=${name}`;
      return client.list({ ...resources.secrets, namespace }, labelSelector);
    },
    async readAsRecorded({ namespace, name, uid, resourceVersion }) {
      const live = await read(namespace, name);
      if (live?.metadata?.uid !== uid || live.metadata.resourceVersion !== resourceVersion) {
        throw new StaleCacheError(`Secret ${namespace}/${name} has changed`);
      }
      return live;
    },
    async create(accessKey, name, metadata, data) {
      const { namespace } = accessKey;
      const ownerReferences = [ownerReferenceTo(accessKey)];
      const body = { metadata: { name, ...metadata, ownerReferences }, type: secretType, stringData: data };
      return toSecretRecord(await stale409(client.create({ ...resources.secrets, namespace }, body)));
    },
    async patch({ namespace, name, uid, resourceVersion }, { metadata, data, ownerReferences }) {
      const preconditions = { uid, resourceVersion };
      const owners = ownerReferences && { ownerReferences };
      const body = { metadata: { ...metadata, ...owners, ...preconditions }, ...(data && { data }) };
      return toSecretRecord(await staleWhenGone(client.patch({ ...resources.secrets, namespace, name }, body)));
    },
    async remove({ namespace, name, uid, resourceVersion }) {
      try {
        await stale409(client.delete({ ...resources.secrets, namespace, name }, { uid, resourceVersion }));
        return true;
      } catch (error) {
        if (!isStatus(error, 404)) throw error;
        return false;
      }
    },
    async confirm({ namespace, name, uid, generation }) {
      const { metadata } = await staleWhenGone(client.get<LiveGeneration>({ ...accessKeys, namespace, name }));
      const isSame = metadata.uid === uid && metadata.generation === generation && !metadata.deletionTimestamp;
      if (!isSame) throw new StaleCacheError(`AccessKey ${namespace}/${name} has changed`);
    },
  };
}

async function staleWhenGone<T>(answer: Promise<T>): Promise<T> {
  try {
    return await stale409(answer);
  } catch (error) {
    throw isStatus(error, 404) ? new StaleCacheError('what was to be changed is gone', { cause: error }) : error;
  }
}

async function stale409<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw isStatus(error, 409) ? new StaleCacheError('the cache was behind', { cause: error }) : error;
  }
}
