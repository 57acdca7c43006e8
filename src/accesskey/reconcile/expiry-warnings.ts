/** Warns before a key pair expires without a successor. Pure. */
import { dayMs } from '../../kube/duration.ts';
import { replicaSkewMs } from '../../kube/time.ts';
import type { KeyPairStatus } from '../model/access-key-record.ts';
import { liveStates } from '../model/pair-state.ts';
import { parseTime } from '../model/time.ts';

/**
 * The pairs that can get tokens, will expire, and have no successor: no other pair of the AccessKey can get tokens and is
 * valid longer. A rotation is no successor, because `expiresAt` also ends the rotated pair.
 */
export function withoutSuccessor(keyPairs: readonly KeyPairStatus[]): KeyPairStatus[] {
  const live = keyPairs.filter(({ state }) => liveStates.has(state));
  return live.filter((pair) => Number.isFinite(endOf(pair)) && !live.some((other) => endOf(other) > endOf(pair)));
}

/** The pairs of `withoutSuccessor` that a warning was reported for: `expiryWarningDays` is set. */
export function expiringSoon(keyPairs: readonly KeyPairStatus[]): KeyPairStatus[] {
  return withoutSuccessor(keyPairs).filter(({ expiryWarningDays }) => expiryWarningDays !== undefined);
}

/**
 * Sets `expiryWarningDays` of each pair without a successor to the shortest warning time that has begun. Each change is
 * one warning. A pair that has a successor or cannot get tokens keeps the value, so that it is not warned about again if
 * that lasts only a moment.
 *
 * @param warningDays how long before the expiry to warn, days
 * @param now milliseconds since the epoch
 */
export function withExpiryWarnings(
  keyPairs: readonly KeyPairStatus[],
  { known, warningDays, now }: { known: readonly KeyPairStatus[]; warningDays: readonly number[]; now: number },
): KeyPairStatus[] {
  const warned = new Set(withoutSuccessor(keyPairs));
  return keyPairs.map((pair) => {
    const before = known.find(({ name }) => name === pair.name)?.expiryWarningDays;
    // A clock that is set back, or that of another leader, must not repeat a warning.
    const hasBegun = (days: number) =>
      now >= endOf(pair) - days * dayMs - (days === before ? replicaSkewMs : 0) && now < endOf(pair);
    const begun = warningDays.filter((days) => hasBegun(days) && (warned.has(pair) || days === before));
    return begun.length === 0 ? pair : { ...pair, expiryWarningDays: Math.min(...begun) };
  });
}

/** @returns when the next warnings about a pair are due, milliseconds since the epoch */
export function warningTimes(expiresAt: number, warningDays: readonly number[]): number[] {
  return warningDays.map((days) => expiresAt - days * dayMs);
}

function endOf({ expiresAt }: KeyPairStatus): number {
  return parseTime(expiresAt) ?? Number.POSITIVE_INFINITY;
}
