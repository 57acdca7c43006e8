import type { PairDigest } from '../../credential/secret-record.ts';
import { type AccessKeyRecord, pairStatusOf } from '../model/access-key-record.ts';
import { isAllowedBySpec } from '../model/pair-state.ts';
import { factAnnotations } from './hold.ts';
import type { PairOutcome, PlanOutcome } from './outcome.ts';

/** A pair as a user would sign in with it, and the AccessKey that the token would be issued for. */
export interface PairToAccept {
  pair: PairDigest;
  accessKey: Pick<AccessKeyRecord, 'uid'>;
  pairName: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Whether this process would issue a token for the pair, according to its watch caches. */
export type Accepts = (question: PairToAccept) => boolean;

/**
 * Adds a problem to each pair that should be valid but would not be accepted, because the watch cache does not show its
 * Secret yet. So an AccessKey is never Ready while its key pairs are rejected.
 */
export function withAcceptance({
  accessKey,
  outcome,
  accepts,
  now,
}: {
  accessKey: AccessKeyRecord;
  outcome: PlanOutcome;
  accepts: Accepts;
  now: number;
}): PlanOutcome {
  const isRejected = ({ pair, secret }: PairOutcome) =>
    secret?.pair !== undefined &&
    isAllowedBySpec(accessKey, pair, now) &&
    !accepts({ pair: secret.pair, accessKey, pairName: pair.name, now });
  const pairs = outcome.pairs.map((one) => {
    if (one.problem || !isRejected(one)) return one;
    const message = `the watch does not show Secret ${one.secretName} yet, its key pair cannot get tokens`;
    return { ...one, problem: { reason: 'SecretNotWatched' as const, message } };
  });
  return { ...outcome, pairs };
}

/**
 * Whether a pair can only be accepted once the status is written: its Secret does not say when or for which revision it was
 * generated, the status still says that the pair was removed, or has another ak in another Secret (superseded.ts).
 */
export function needsStatus(accessKey: Pick<AccessKeyRecord, 'status'>, { pairs }: PlanOutcome): boolean {
  return pairs.some(({ pair, secret, write }) => {
    const isReverted = factAnnotations.some((one) => write?.reverted.includes(one));
    const known = pairStatusOf(accessKey, pair.name);
    const isElsewhere =
      secret !== undefined &&
      known?.accessKey !== undefined &&
      known.accessKey !== secret.pair?.ak &&
      known.secretName !== secret.name;
    return isReverted || isElsewhere || known?.removed === true;
  });
}

export function isUnaccepted({ pairs }: PlanOutcome): boolean {
  return pairs.some(({ problem }) => problem?.reason === 'SecretNotWatched');
}
