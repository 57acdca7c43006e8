/** The key pair of a token command that names a Secret. */
import {
  type AccessKeyRecord,
  accessKeys,
  type KeyPairSpec,
  toAccessKeyRecord,
} from '../../accesskey/model/access-key-record.ts';
import { expiresAtMs, tokensNotBeforeMs } from '../../accesskey/model/pair-state.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import { type ClusterFlags, withCluster } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { choosePair, parsePairReference } from '../common/pair-reference.ts';
import { readPairSecret } from '../common/read-pair-secret.ts';
import type { SecretPair } from '../token/read-source.ts';
import { TokenError } from '../token/token-error.ts';

/**
 * @param reference `NAME/PAIR`, or `NAME` of an AccessKey with one key pair
 * @throws CliError if it is neither, or if there is no such key pair; TokenError if its spec does not allow tokens, or if it
 * has no valid Secret; KubernetesError, for example without permission
 */
export async function readAllowedPair(
  context: CliContext,
  flags: ClusterFlags,
  reference: string,
): Promise<SecretPair> {
  const { name, pair: pairName } = parsePairReference(reference);
  return withCluster(context, flags, async ({ client, namespace }) => {
    const object = await client.get<RawObject>({ ...accessKeys, namespace, name });
    const accessKey = toAccessKeyRecord(object);
    const pair = choosePair(accessKey, pairName);
    requireAllowed(accessKey, pair, context.now());
    const { secretName, keyPair } = await readPairSecret({ client }, accessKey, pair, context.signal);
    if (keyPair) return { pair: keyPair, tokensNotBefore: tokensNotBeforeMs(pair) };
    throw new TokenError('credential', `the Secret ${namespace}/${secretName} has no valid key pair`);
  });
}

/** The operator rejects the tokens of such a key pair, also cached ones. */
function requireAllowed({ namespace, name, spec }: AccessKeyRecord, pair: KeyPairSpec, now: number): void {
  const reference = `${name}/${pair.name}`;
  if (spec.suspended) throw new TokenError('credential', `the AccessKey ${namespace}/${name} is suspended`);
  if (pair.enabled === false) {
    throw new TokenError('credential', `the key pair ${reference} is disabled`, {
      hint: `kubectl accesskey enable ${reference} -n ${namespace} enables it.`,
    });
  }
  if (now >= expiresAtMs(pair)) {
    throw new TokenError('credential', `the key pair ${reference} expired at ${pair.expiresAt}`, {
      hint: 'Extend expiresAt of the key pair, or create another one.',
    });
  }
}
