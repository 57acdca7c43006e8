import type { AccessKeyRecord, KeyPairSpec, KeyPairState } from './access-key-record.ts';
import { durationMs } from './duration.ts';
import type { PairFacts } from './pair-facts.ts';

/** States in which a pair gets tokens. */
export const liveStates: ReadonlySet<KeyPairState> = new Set(['Active', 'Rotating']);

/**
 * State of a pair that has its Secret. The controller writes it to status and the token service decides by it, so both
 * always say the same.
 *
 * @param holdsUser whether the AccessKey holds its user's claim (claims.ts)
 * @param now milliseconds since the epoch
 */
export function pairState(
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
  facts: Pick<PairFacts, 'previousValidUntil'>,
  holdsUser: boolean,
  now: number,
): KeyPairState {
  if (!holdsUser) return 'Conflict';
  if (accessKey.spec.suspended || pair.enabled === false) return 'Disabled';
  if (now >= expiryOf(pair)) return 'Expired';
  return facts.previousValidUntil !== undefined && now < facts.previousValidUntil ? 'Rotating' : 'Active';
}

/** Whether the spec lets the pair get tokens now. */
export function isLive({ spec }: Pick<AccessKeyRecord, 'spec'>, pair: KeyPairSpec, now: number): boolean {
  return !spec.suspended && pair.enabled !== false && now < expiryOf(pair);
}

/** When the pair expires, milliseconds since the epoch; Infinity when it does not. */
export function expiryOf(pair: KeyPairSpec): number {
  if (pair.expiresAt === undefined) return Number.POSITIVE_INFINITY;
  const time = Date.parse(pair.expiresAt);
  // The CRD's schema lets no such value through; should one come all the same, the pair is over, not endless.
  return Number.isNaN(time) ? 0 : time;
}

/** When the pair is replaced by the interval of its rotation, milliseconds since the epoch; undefined without one. */
export function nextRotationOf(pair: KeyPairSpec, { generatedAt }: Pick<PairFacts, 'generatedAt'>): number | undefined {
  const interval = durationMs(pair.rotation?.interval);
  return interval > 0 ? generatedAt + interval : undefined;
}

/** The same while the pair is live; undefined while it is not: a rotation waits until then. */
export function comingRotation(
  accessKey: Pick<AccessKeyRecord, 'spec'>,
  pair: KeyPairSpec,
  facts: Pick<PairFacts, 'generatedAt'>,
  now: number,
): number | undefined {
  return isLive(accessKey, pair, now) ? nextRotationOf(pair, facts) : undefined;
}
