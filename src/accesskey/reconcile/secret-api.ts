import {
  type FetchedSecret,
  type SecretObject,
  type SecretRecord,
  toFetchedSecret,
  toSecretRecord,
} from '../../credential/secret-record.ts';
import type { KubernetesClient } from '../../kube/client.ts';
import { ifFound, isStatus } from '../../kube/errors.ts';
import { secretTypes } from '../../kube/own-names.ts';
import { resources } from '../../kube/resource.ts';
import { type AccessKeyRecord, accessKeys } from '../model/access-key-record.ts';
import { ownerReferenceTo, type SecretMetadata, type SecretPatch } from './desired-secret.ts';
import { StaleCacheError } from './secret-errors.ts';
import { differingFields, type SentSecret } from './secret-fields.ts';

/**
 * Time limit of a write. A webhook may take 30 seconds (`timeoutSeconds`), and kube-apiserver ends a write after 34. With
 * its response, the failure is known to be about this Secret; without one, the API server could be unreachable.
 */
const ofWrite = { timeoutMs: 40_000 };

/** The API calls of a reconcile. Each patch and deletion has the uid and resourceVersion of the record as precondition. */
export interface SecretApi {
  /** @returns undefined if there is no such Secret */
  read(namespace: string, name: string): Promise<FetchedSecret | undefined>;
  /**
   * Lists the names of all Secrets that can hold a key pair. Unlike its labels, the type of a Secret is immutable. Their
   * content is not listed, because there may be many large ones that belong to no AccessKey.
   */
  names(namespace: string): Promise<string[]>;
  /** @throws StaleCacheError if the Secret no longer matches the record */
  readUnchanged(record: SecretRecord): Promise<FetchedSecret>;
  /** @throws StaleCacheError if there is already a Secret of this name */
  create(secret: NewSecret): Promise<WrittenSecret>;
  /** @throws StaleCacheError if the Secret no longer matches the record */
  patch(record: SecretRecord, patch: Partial<SecretPatch>): Promise<WrittenSecret>;
  /**
   * @returns false if already deleted
   * @throws StaleCacheError if the Secret no longer matches the record
   */
  remove(record: SecretRecord): Promise<boolean>;
  /** @throws StaleCacheError if the AccessKey has another generation or uid, is being deleted, or no longer exists */
  confirm(accessKey: AccessKeyRecord): Promise<void>;
  /** As `confirm`. @throws StaleCacheError also if the AccessKey has changed in any other way, for example its status */
  confirmStatus(accessKey: AccessKeyRecord): Promise<void>;
}

/** A Secret as the API server has stored it. */
export interface WrittenSecret {
  record: SecretRecord;
  /** Fields that admission changed, so they are not stored as they were sent. */
  reverted: readonly string[];
}

/** A Secret to create; it belongs to the AccessKey. */
export interface NewSecret {
  accessKey: AccessKeyRecord;
  name: string;
  metadata: SecretMetadata;
  /** Not base64-encoded. */
  data: Record<string, string>;
}

interface FetchedGeneration {
  metadata: { uid: string; generation: number; resourceVersion: string; deletionTimestamp?: string };
}

export function createSecretApi(client: KubernetesClient): SecretApi {
  async function read(namespace: string, name: string): Promise<FetchedSecret | undefined> {
    const found = await ifFound(client.get<SecretObject>({ ...resources.secrets, namespace, name }));
    return found && toFetchedSecret(found);
  }

  async function confirm({ namespace, name, uid, generation }: AccessKeyRecord): Promise<{ resourceVersion: string }> {
    const fetched = client.get<FetchedGeneration>({ ...accessKeys, namespace, name });
    const { metadata } = await staleIfGone(`AccessKey ${namespace}/${name}`, fetched);
    const isSame = metadata.uid === uid && metadata.generation === generation && !metadata.deletionTimestamp;
    if (!isSame) throw new StaleCacheError(`AccessKey ${namespace}/${name} has changed`);
    return metadata;
  }

  return {
    read,
    names: (namespace) =>
      client.names({ ...resources.secrets, namespace }, { fieldSelector: `type=${secretTypes.accessKey}` }),
    async readUnchanged({ namespace, name, uid, resourceVersion }) {
      const fetched = await read(namespace, name);
      if (fetched?.record.uid !== uid || fetched.record.resourceVersion !== resourceVersion) {
        throw new StaleCacheError(`Secret ${namespace}/${name} has changed`);
      }
      return fetched;
    },
    async create({ accessKey, name, metadata, data }) {
      const { namespace } = accessKey;
      const ownerReferences = [ownerReferenceTo(accessKey)];
      const body = { metadata: { name, ...metadata, ownerReferences }, type: secretTypes.accessKey, stringData: data };
      const created = client.create<SecretObject>({ ...resources.secrets, namespace }, body, ofWrite);
      return toWritten(body, await staleOnConflict(`Secret ${namespace}/${name} already exists`, created));
    },
    async patch({ namespace, name, uid, resourceVersion }, { metadata, data, ownerReferences }) {
      const preconditions = { uid, resourceVersion };
      const owners = ownerReferences && { ownerReferences };
      const body = { metadata: { ...metadata, ...owners, ...preconditions }, ...(data && { data }) };
      const patched = client.patch<SecretObject>({ ...resources.secrets, namespace, name }, body, ofWrite);
      return toWritten(body, await staleIfGone(`Secret ${namespace}/${name}`, patched));
    },
    async remove({ namespace, name, uid, resourceVersion }) {
      const deleted = client.delete({ ...resources.secrets, namespace, name }, { uid, resourceVersion }, ofWrite);
      try {
        await staleOnConflict(`Secret ${namespace}/${name} has changed`, deleted);
        return true;
      } catch (error) {
        if (!isStatus(error, 404)) throw error;
        return false;
      }
    },
    async confirm(accessKey) {
      await confirm(accessKey);
    },
    async confirmStatus(accessKey) {
      const { resourceVersion } = await confirm(accessKey);
      if (resourceVersion !== accessKey.resourceVersion)
        throw new StaleCacheError(`AccessKey ${accessKey.key} has changed`);
    },
  };
}

function toWritten(sent: SentSecret, stored: SecretObject): WrittenSecret {
  return { record: toSecretRecord(stored), reverted: differingFields(sent, stored) };
}

async function staleIfGone<T>(object: string, response: Promise<T>): Promise<T> {
  try {
    return await staleOnConflict(`${object} has changed`, response);
  } catch (error) {
    throw isStatus(error, 404) ? new StaleCacheError(`${object} no longer exists`, { cause: error }) : error;
  }
}

async function staleOnConflict<T>(message: string, response: Promise<T>): Promise<T> {
  try {
    return await response;
  } catch (error) {
    throw isStatus(error, 409) ? new StaleCacheError(message, { cause: error }) : error;
  }
}
