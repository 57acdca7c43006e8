import {
  type AccessKeyRecord,
  type KeyPairSpec,
  pairStatusOf,
  secretNameOf,
} from '../../accesskey/model/access-key-record.ts';
import type { KeyPair } from '../../credential/key-pair.ts';
import { pairAt, type SecretObject, toSecretRecord } from '../../credential/secret-record.ts';
import { resources } from '../../kube/resource.ts';
import type { Cluster } from './cluster.ts';

/**
 * Reads a key pair from its Secret, with the permissions of the user. The Secret and its annotations decide where the pair
 * is: after an edit of the spec, the operator may not have moved it yet.
 *
 * @returns the name of the Secret, and its key pair; undefined if the Secret has no valid one
 */
export async function readPairSecret(
  { client }: Pick<Cluster, 'client'>,
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
  signal: AbortSignal,
): Promise<{ secretName: string; keyPair: KeyPair | undefined }> {
  const { namespace } = accessKey;
  const secretName = pairStatusOf(accessKey, pair.name)?.secretName ?? secretNameOf(accessKey, pair);
  const secret = await client.get<SecretObject>({ ...resources.secrets, namespace, name: secretName }, { signal });
  return { secretName, keyPair: pairAt(secret.data ?? {}, toSecretRecord(secret).dataKeys) };
}
