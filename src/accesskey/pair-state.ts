import type { SecretRecord } from '../credential/secret-record.ts';
import type { AccessKeyRecord, KeyPairSpec, KeyPairState } from './access-key-record.ts';

/**
 * State of a pair that has its Secret. The controller writes it to status and the token service decides by it, so both
 * always say the same.
 *
 * @param holdsClaim whether the AccessKey holds its user's claim (claim.ts)
 * @param now milliseconds since the epoch
 */
export function pairState(
  accessKey: Pick<AccessKeyRecord, 'uid'>,
  pair: KeyPairSpec,
  secret: Pick<SecretRecord, 'ownerUID'>,
  holdsClaim: boolean,
  now: number,
): KeyPairState {
  if (!holdsClaim || secret.ownerUID !== accessKey.uid) return 'Conflict';
  if (pair.enabled === false) return 'Disabled';
  return now >= expiryOf(pair) ? 'Expired' : 'Active';
}

/** When the pair expires, milliseconds since the epoch; Infinity when it does not. */
export function expiryOf(pair: KeyPairSpec): number {
  if (pair.expiresAt === undefined) return Number.POSITIVE_INFINITY;
  const time = Date.parse(pair.expiresAt);
  // The CRD's schema lets no such value through; should one come all the same, the pair is over, not endless.
  return Number.isNaN(time) ? 0 : time;
}
