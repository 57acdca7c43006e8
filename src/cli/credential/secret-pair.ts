/** Reads a key pair from its Secret, with the permissions of the user. */
import { accessKeys, secretNameOf, toAccessKeyRecord } from '../../accesskey/model/access-key-record.ts';
import type { KeyPair } from '../../credential/key-pair.ts';
import { pairAt, type SecretObject, toSecretRecord } from '../../credential/secret-record.ts';
import type { RawObject } from '../../kube/list-watch.ts';
import { resources } from '../../kube/resource.ts';
import { type ClusterFlags, withCluster } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { TokenError } from '../token/token-error.ts';

/**
 * @param name `NAME/PAIR`, or `NAME` of an AccessKey with one key pair
 * @throws TokenError if there is no such key pair or no valid Secret; KubernetesError, for example without permission
 */
export function readSecretPair(context: CliContext, flags: ClusterFlags, name: string): Promise<KeyPair> {
  const [accessKeyName = '', pairName] = name.split('/', 2);
  return withCluster(context, flags, async ({ client, namespace }) => {
    const object = await client.get<RawObject>({ ...accessKeys, namespace, name: accessKeyName });
    const secretName = secretNameFor(toAccessKeyRecord(object), pairName);
    const secret = await client.get<SecretObject>({ ...resources.secrets, namespace, name: secretName });
    const pair = pairAt(secret.data ?? {}, toSecretRecord(secret).dataKeys);
    if (pair) return pair;
    throw new TokenError('credential', `the Secret ${namespace}/${secretName} has no valid key pair`);
  });
}

function secretNameFor(accessKey: ReturnType<typeof toAccessKeyRecord>, pairName: string | undefined): string {
  const pairs = accessKey.spec.keyPairs ?? [];
  const found = pairs.filter((one) => pairName === undefined || one.name === pairName);
  const [pair] = found;
  if (pair && found.length === 1) return secretNameOf(accessKey, pair);
  const names = pairs.map((one) => `${accessKey.name}/${one.name}`).join(' and ');
  const hint = names === '' ? {} : { hint: `It has ${names}.` };
  const problem = found.length > 1 ? 'has several key pairs' : `has no key pair${pairName ? ` ${pairName}` : ''}`;
  throw new TokenError('usage', `the AccessKey ${accessKey.namespace}/${accessKey.name} ${problem}`, hint);
}
