import type { KubernetesClient } from '../../kube/client.ts';
import { secretTypes } from '../../kube/own-names.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import { type NamespacedName, resources } from '../../kube/resource.ts';
import type { Stored } from '../../kube/store.ts';
import { createOwnSecret } from '../../kube/watched-secret.ts';
import type { KeyRequests } from './facts.ts';

/** Annotations with which a person requests a change; each value is a kid; `revoke` lists one or more. */
const requestAnnotations = {
  revoke: 'ghippo.io/revoke-signing-key',
  rotate: 'ghippo.io/rotate-signing-key',
} as const;
/** Key of the Secret's data. */
export const dataKey = 'keys.json';

/** What is cached of the Secret. */
export interface KeySecretRecord extends Stored, NamespacedName {
  readonly uid: string;
  /** The stored key set, not validated; empty if there is none. */
  readonly content: string;
  readonly requests: KeyRequests;
}

/** Converts a Secret, whatever it contains, to a record. */
export function toKeySecretRecord(raw: RawObject): KeySecretRecord {
  const { name, namespace = '', resourceVersion, uid } = raw.metadata;
  const annotations = (raw.metadata.annotations ?? {}) as Record<string, string | undefined>;
  const data = (raw.data ?? {}) as Record<string, string | undefined>;
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    uid: String(uid),
    resourceVersion,
    content: Buffer.from(data[dataKey] ?? '', 'base64').toString('utf8'),
    requests: {
      revoke: listOf(annotations[requestAnnotations.revoke]),
      rotate: annotations[requestAnnotations.rotate],
    },
  };
}

/** @returns the values of a list that is separated by commas or spaces */
function listOf(text = ''): string[] {
  return text.split(/[\s,]+/).filter((value) => value !== '');
}

/**
 * Creates the Secret. Of several replicas that try at the same time, one succeeds.
 *
 * @param content a stored key set
 * @returns false if the Secret already exists
 * @throws KubernetesError, ConnectionError, NotLeaderError
 */
export function createKeySecret(client: KubernetesClient, secret: NamespacedName, content: string): Promise<boolean> {
  return createOwnSecret(client, secret, { type: secretTypes.signingKeys, stringData: { [dataKey]: content } });
}

/**
 * Replaces the key set in the Secret, and nothing else of it, if the Secret still has the uid and resourceVersion of the
 * record.
 *
 * @throws KubernetesError 409 if the Secret has changed, 404 if it was deleted; ConnectionError, NotLeaderError
 */
export async function replaceKeys(client: KubernetesClient, record: KeySecretRecord, content: string): Promise<void> {
  const { namespace, name, uid, resourceVersion } = record;
  const data = { [dataKey]: Buffer.from(content).toString('base64') };
  await client.patch({ ...resources.secrets, namespace, name }, { metadata: { uid, resourceVersion }, data });
}
