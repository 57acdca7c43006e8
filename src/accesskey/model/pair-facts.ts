import { annotations } from '../../credential/secret-format.ts';
import type { SecretRecord } from '../../credential/secret-record.ts';
import { durationMs } from '../../kube/duration.ts';
import { isAhead } from '../../kube/time.ts';
import { type AccessKeyRecord, type KeyPairSpec, pairStatusOf } from './access-key-record.ts';
import { parseTime } from './time.ts';

/** Metadata of the pair in a Secret. Times are milliseconds since the epoch. */
export interface PairFacts {
  /** The highest `revision` that the pair has had. */
  revision: number;
  generatedAt: number;
  /** End of the overlap; undefined if there is no previous pair or no valid end is recorded. */
  previousValidUntil: number | undefined;
  /** Set if the pair was removed from the spec before, which has revoked it. */
  removed?: true;
}

/** A pair of an AccessKey, and a Secret that belongs to it. */
export interface PairInSecret {
  accessKey: AccessKeyRecord;
  pair: KeyPairSpec;
  secret: SecretRecord;
}

export interface PairAtTime extends PairInSecret {
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * Facts about the pair in a Secret. The status takes precedence, because only the operator can write it. The
 * annotations of the Secret are the fallback if the operator crashed between writing the Secret and writing the status.
 * Lost or forged annotations therefore do not affect what the status records for this ak, with one exception: if the
 * time in the status is in the future, the annotation is used, unless that is in the future too.
 */
export function pairFacts({ accessKey, pair, secret, now }: PairAtTime): PairFacts {
  const status = pairStatusOf(accessKey, pair.name);
  const known = status?.accessKey !== undefined && status.accessKey === secret.pair?.ak ? status : undefined;
  const times = [known?.createdAt, secret.annotations[annotations.generatedAt]]
    .map(parseTime)
    .filter((time) => time !== undefined);
  const generatedAt = times.find((time) => !isAhead(time, now)) ?? times[0] ?? parseTime(secret.createdAt) ?? now;
  return {
    revision: known?.revision ?? Math.min(revisionIn(secret) ?? Number.POSITIVE_INFINITY, newRevision(accessKey, pair)),
    generatedAt,
    previousValidUntil: previousValidUntil({ accessKey, pair, secret, generatedAt, now }),
    // Of any ak: a former Secret can remain, too.
    ...(status?.removed && { removed: true }),
  };
}

/**
 * Replaces a generation time in the future with now: the clock was ahead when the pair was generated. Otherwise the
 * overlap would last longer, and the next rotation would come later, by the time that the clock was ahead.
 */
export function limitToNow(pair: KeyPairSpec, facts: PairFacts, now: number): PairFacts {
  if (!isAhead(facts.generatedAt, now)) return facts;
  const until = facts.previousValidUntil;
  const overlap = durationMs(pair.rotation?.overlap);
  return { ...facts, generatedAt: now, previousValidUntil: until && Math.min(until, now + overlap) };
}

/** Drops the previous pair once its overlap has ended. */
export function withoutEndedPrevious(facts: PairFacts, now: number): PairFacts {
  const hasEnded = facts.previousValidUntil !== undefined && now >= facts.previousValidUntil;
  return hasEnded ? { ...facts, previousValidUntil: undefined } : facts;
}

/**
 * The overlap of the spec limits the end recorded at the rotation, so a shorter overlap takes effect immediately. The
 * extension is computed from the last use in the status, so all replicas agree on it.
 */
function previousValidUntil({
  accessKey,
  pair,
  secret,
  generatedAt,
  now,
}: PairAtTime & Pick<PairFacts, 'generatedAt'>): number | undefined {
  if (!secret.previous) return undefined;
  const status = pairStatusOf(accessKey, pair.name);
  const known = status?.previous?.accessKey === secret.previous.ak ? status.previous : undefined;
  // If the status has the pair, but not the previous one, the overlap has ended for good.
  const isRecorded = status?.accessKey !== undefined && status.accessKey === secret.pair?.ak;
  const recovered = isRecorded ? undefined : secret.annotations[annotations.previousValidUntil];
  const until = parseTime(known ? known.validUntil : recovered);
  if (until === undefined) return undefined;
  const end = Math.min(until, generatedAt + durationMs(pair.rotation?.overlap));
  const lastUsedAt = parseTime(known?.lastUsedTime) ?? Number.NEGATIVE_INFINITY;
  return isAhead(lastUsedAt, now) ? end : end + extensionMs(pair, { generatedAt, end, lastUsedAt });
}

/** Each use in the last half of the overlap extends it by another half, up to `rotation.maxOverlap`. */
function extensionMs(
  { rotation }: KeyPairSpec,
  { generatedAt, end, lastUsedAt }: { generatedAt: number; end: number; lastUsedAt: number },
): number {
  const half = durationMs(rotation?.overlap) / 2;
  const limit = generatedAt + durationMs(rotation?.maxOverlap);
  if (half === 0 || limit <= end) return 0;
  const halves = Math.max(0, Math.ceil((lastUsedAt + half - end) / half));
  return Math.min(halves * half, limit - end);
}

/**
 * Whether something else has written another pair into the Secret: the ak is not the one in the status, but the Secret
 * says that the pair was generated at the time and for the revision in the status.
 */
export function isReplaced({ accessKey, pair, secret }: PairInSecret): boolean {
  const known = pairStatusOf(accessKey, pair.name);
  if (known?.accessKey === undefined || secret.pair === undefined || known.accessKey === secret.pair.ak) return false;
  const isSameTime = known.createdAt === secret.annotations[annotations.generatedAt];
  return known.secretName === secret.name && isSameTime && known.revision === revisionIn(secret);
}

/**
 * The recorded revision is the highest one that the pair has had. Only a higher one in the spec rotates the pair. So a
 * revision that is lowered or removed, for example because a commit is reverted, changes nothing, and neither does
 * setting it to the recorded one again.
 */
export function isRevisionRaised(pair: KeyPairSpec, { revision }: Pick<PairFacts, 'revision'>): boolean {
  return pair.revision !== undefined && pair.revision > revision;
}

/** The highest of the revisions in the spec and on record; 1 if there is none. */
export function highestRevision(pair: KeyPairSpec, recorded: number | undefined): number {
  return Math.max(pair.revision ?? 1, recorded ?? 1);
}

/** The revision of a new pair. An annotation must not raise it: others can write it, and a revision is never lowered. */
export function newRevision(accessKey: AccessKeyRecord, pair: KeyPairSpec): number {
  return highestRevision(pair, pairStatusOf(accessKey, pair.name)?.revision);
}

function revisionIn(secret: SecretRecord): number | undefined {
  const text = secret.annotations[annotations.revision] ?? '';
  const value = Number(text);
  return /^[1-9]\d*$/.test(text) && Number.isSafeInteger(value) ? value : undefined;
}
