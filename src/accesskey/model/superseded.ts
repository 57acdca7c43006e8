/** Which of several Secrets of a pair holds it. Pure. */
import type { SecretRecord } from '../../credential/secret-record.ts';
import { dataKeysOf, type KeyPairStatus, pairStatusOf } from './access-key-record.ts';
import { type PairInSecret, pairOf } from './pair-facts.ts';

/**
 * Whether the Secret only has a former pair. The status names the Secret that holds the pair, whatever its ak is;
 * another one holds the pair only with the same ak, before or after a move. All others have keys from before a
 * rotation, and could not be deleted then. They must not work again, even if the Secret that held the pair is gone.
 *
 * A Secret without a valid pair is not superseded: it may be the current one, changed by others, so it is repaired.
 *
 * @param secrets those of the AccessKey; others are ignored
 */
export function isSuperseded(found: PairInSecret, secrets: readonly SecretRecord[]): boolean {
  const { accessKey, pair, secret } = found;
  const known = pairStatusOf(accessKey, pair.name);
  // The usual case comes first, because this runs for each token request.
  if (known?.accessKey === undefined || known.secretName === secret.name || !secret.pair) return false;
  return secret.pair.ak !== currentAk(found, known, secrets);
}

/**
 * Whether the pair may be rotated in this Secret: the status must name it first. Otherwise nothing would show after a
 * crash that the new ak is the current one, and not that of a superseded Secret.
 */
export function mayRotateIn({ accessKey, pair, secret }: PairInSecret): boolean {
  const known = pairStatusOf(accessKey, pair.name);
  return known?.accessKey === undefined || known.secretName === secret.name;
}

/**
 * The ak of the pair, which is in the Secret that the status names. It differs from the one in the status after a crash
 * between a rotation and the status; or the annotations of the Secret are wrong, and name other data keys than the
 * spec.
 *
 * @returns undefined if only that Secret can tell
 */
function currentAk(
  { accessKey, pair }: PairInSecret,
  { accessKey: ak, secretName }: KeyPairStatus,
  secrets: readonly SecretRecord[],
): string | undefined {
  const holder = secrets.find((one) => {
    const isOwn = one.ownerUID === accessKey.uid && one.namespace === accessKey.namespace && !one.deleting;
    return isOwn && one.name === secretName && pairOf(accessKey, one)?.name === pair.name;
  });
  if (!holder?.pair || holder.pair.ak === ak) return ak;
  const keys = dataKeysOf(pair);
  return holder.dataKeys.ak === keys.ak && holder.dataKeys.sk === keys.sk ? holder.pair.ak : undefined;
}
