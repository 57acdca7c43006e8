import { durationMs } from '../../kube/duration.ts';
import {
  type AccessKeyRecord,
  type KeyPairSpec,
  type KeyPairState,
  type KeyPairStatus,
  pairSpecOf,
  pairStatusOf,
} from './access-key-record.ts';
import { isRevisionRaised, type PairFacts } from './pair-facts.ts';
import { parseTime } from './time.ts';

/** States of a pair that can get tokens. */
export const liveStates: ReadonlySet<KeyPairState> = new Set(['Active', 'Rotating']);

/** State of a pair that has its Secret. The status and the token endpoint both use it, so they always agree. */
export function pairState({
  accessKey,
  pair,
  facts,
  holdsUser,
  now,
}: {
  accessKey: AccessKeyRecord;
  pair: KeyPairSpec;
  facts: Pick<PairFacts, 'previousValidUntil' | 'revision' | 'removed'>;
  /** Whether the AccessKey holds its user (user-holders.ts). */
  holdsUser: boolean;
  /** Milliseconds since the epoch. */
  now: number;
}): KeyPairState {
  if (!holdsUser) return 'Conflict';
  if (accessKey.spec.suspended || pair.enabled === false) return 'Disabled';
  if (now >= expiresAtMs(pair)) return 'Expired';
  if (isRevokedByRotation(pair, facts)) return 'Pending';
  return facts.previousValidUntil !== undefined && now < facts.previousValidUntil ? 'Rotating' : 'Active';
}

/**
 * Whether the spec asks for a new pair without an overlap. Such a rotation revokes the pair, for example because it has
 * leaked. So the pair is not live from the edit on, even if the API server rejects the new one, for example because the
 * Secret is immutable. The same applies to a pair that was removed from the spec and added again.
 */
export function isRevokedByRotation(pair: KeyPairSpec, facts: Pick<PairFacts, 'revision' | 'removed'>): boolean {
  return facts.removed === true || (isRevisionRaised(pair, facts) && durationMs(pair.rotation?.overlap) === 0);
}

/** Whether the spec allows the pair to get tokens now; it may still be in conflict. */
export function isAllowedBySpec({ spec }: Pick<AccessKeyRecord, 'spec'>, pair: KeyPairSpec, now: number): boolean {
  return !spec.suspended && pair.enabled !== false && now < expiresAtMs(pair);
}

/**
 * Whether the pair with this ak is live according to an AccessKey that was read from the API server. The caches may not
 * have seen a revocation yet.
 */
export function isPairLive(
  fetched: Pick<AccessKeyRecord, 'spec' | 'status'>,
  { pairName, ak }: { pairName: string; ak: string },
  now: number,
): boolean {
  const pair = pairSpecOf(fetched, pairName);
  if (!pair || !isAllowedBySpec(fetched, pair, now)) return false;
  const known = pairStatusOf(fetched, pairName);
  if (known?.removed) return false;
  if (known?.revision !== undefined && isRevokedByRotation(pair, { revision: known.revision })) return false;
  if (known?.accessKey === ak) return true;
  return known?.previous?.accessKey === ak && now < overlapEndsAt(pair, known);
}

/**
 * The recorded end of the overlap, limited by the spec: the status may not show yet that the overlap was shortened or
 * removed.
 *
 * @returns milliseconds since the epoch
 */
export function overlapEndsAt({ rotation }: KeyPairSpec, { createdAt, previous }: KeyPairStatus): number {
  const overlap = durationMs(rotation?.overlap);
  const longest = overlap > 0 ? Math.max(overlap, durationMs(rotation?.maxOverlap)) : 0;
  return Math.min(parseTime(previous?.validUntil) ?? 0, (parseTime(createdAt) ?? 0) + longest);
}

/** @returns milliseconds since the epoch; Infinity if the pair does not expire */
export function expiresAtMs(pair: KeyPairSpec): number {
  if (pair.expiresAt === undefined) return Number.POSITIVE_INFINITY;
  const time = Date.parse(pair.expiresAt);
  // The CRD rejects an invalid time. If one gets through, the pair has expired; it must not live forever.
  return Number.isNaN(time) ? 0 : time;
}

/** @returns the earliest valid time of issue of a token, milliseconds since the epoch; undefined without a limit */
export function tokensNotBeforeMs({ tokensNotBefore }: KeyPairSpec): number | undefined {
  if (tokensNotBefore === undefined) return undefined;
  const time = Date.parse(tokensNotBefore);
  // The CRD rejects an invalid time. If one gets through, no token is valid.
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
}

/** @returns when the rotation interval of the pair ends, milliseconds since the epoch; undefined without an interval */
export function rotationDueAt(pair: KeyPairSpec, { generatedAt }: Pick<PairFacts, 'generatedAt'>): number | undefined {
  const interval = durationMs(pair.rotation?.interval);
  return interval > 0 ? generatedAt + interval : undefined;
}

/** Longest time between announcing a rotation that is already due and the rotation, milliseconds. */
const maxNoticeMs = 24 * 3_600_000;

/**
 * As `rotationDueAt`, but undefined while the spec does not allow the pair to get tokens (suspended, disabled or expired),
 * because its rotation waits until it does.
 *
 * If `rotation.interval` is added or shortened, or the pair is adopted, the rotation can already be due. Without an overlap
 * it would invalidate the pair without notice, so it is announced in `nextRotationAt` and happens after the interval, at
 * most 24 hours later.
 */
export function plannedRotationAt({
  accessKey,
  pair,
  facts,
  now,
}: {
  accessKey: Pick<AccessKeyRecord, 'spec' | 'status'>;
  pair: KeyPairSpec;
  facts: Pick<PairFacts, 'generatedAt'>;
  now: number;
}): number | undefined {
  if (!isAllowedBySpec(accessKey, pair, now)) return undefined;
  const due = rotationDueAt(pair, facts);
  if (due === undefined || due > now || durationMs(pair.rotation?.overlap) > 0) return due;
  const known = pairStatusOf(accessKey, pair.name);
  // While the pair was not live, it could not be used, and the rotation was not announced. An adopted pair is not in the
  // status yet, and then Pending until the watch shows its Secret.
  const isAdopted = known?.accessKey === undefined;
  if (!isAdopted && !liveStates.has(known.state) && known.state !== 'Pending') return due;
  const notified = now + Math.min(durationMs(pair.rotation?.interval), maxNoticeMs);
  return Math.min(parseTime(known?.nextRotationAt) ?? notified, notified);
}
