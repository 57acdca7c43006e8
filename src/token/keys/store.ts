import { type KubernetesClient, mergePatch } from '../../kube/client.ts';
import { isStatus } from '../../kube/errors.ts';
import type { RawObject } from '../../kube/list-watch.ts';
import type { Stored } from '../../kube/store.ts';
import type { KeyRequests } from './facts.ts';

/** Type of the Secret that holds the signing keys. */
export const signingKeySecretType = 'ghippo.io/signing-keys';
/** Annotations by which a person asks for something; the value is a kid. */
const requestAnnotations = {
  revoke: 'ghippo.io/revoke-signing-key',
  rotate: 'ghippo.io/rotate-signing-key',
} as const;
/** Key of the Secret's data. */
export const dataKey = 'keys.json';

export interface SecretReference {
  namespace: string;
  name: string;
}

/** The Secret as the watch tells it. */
export interface KeySecretRecord extends Stored, SecretReference {
  readonly uid: string;
  /** The stored key set, as it is; empty when there is none. */
  readonly content: string;
  readonly requests: KeyRequests;
}

/** Makes the record of a Secret. What is in it may be anything. */
export function toKeySecretRecord(raw: RawObject): KeySecretRecord {
  const { name, namespace = '', resourceVersion, uid, annotations } = raw.metadata;
  const notes = (annotations ?? {}) as Record<string, string | undefined>;
  const data = (raw.data ?? {}) as Record<string, string | undefined>;
  return {
    ...{ key: `${namespace}/${name}`, namespace, name, uid: String(uid), resourceVersion },
    content: Buffer.from(data[dataKey] ?? '', 'base64').toString('utf8'),
    requests: { revoke: notes[requestAnnotations.revoke], rotate: notes[requestAnnotations.rotate] },
  };
}

/**
 * Makes the Secret. Of several who try, one makes it, by the atomicity of create.
 *
 * @param content a stored key set
 * @returns false when there is one already
 * @throws KubernetesError, ConnectionError, NotLeaderError when it cannot be made
 */
export async function createKeySecret(
  { core }: KubernetesClient,
  { namespace, name }: SecretReference,
  content: string,
): Promise<boolean> {
  const body = {
    metadata: { name, labels: { 'app.kubernetes.io/name': 'accesskey-operator' } },
    type: signingKeySecretType,
    stringData: { [dataKey]: content },
  };
  try {
    await core.createNamespacedSecret({ namespace, body });
    return true;
  } catch (error) {
    if (isStatus(error, 409)) return false;
    throw error;
  }
}

/**
 * Puts another key set into the Secret, if it is as recorded: compare and swap by uid and resourceVersion. Nothing else
 * of the Secret is touched.
 *
 * @throws KubernetesError 409 when it is not, 404 when it is gone; ConnectionError, NotLeaderError
 */
export async function replaceKeys({ core }: KubernetesClient, record: KeySecretRecord, content: string): Promise<void> {
  const { namespace, name, uid, resourceVersion } = record;
  const data = { [dataKey]: Buffer.from(content).toString('base64') };
  const body = { metadata: { uid, resourceVersion }, data };
  await core.patchNamespacedSecret({ namespace, name, body }, mergePatch);
}
