import type { AccessKeyRecord } from '../model/access-key-record.ts';
import { pairFacts } from '../model/pair-facts.ts';
import { expiresAtMs, plannedRotationAt } from '../model/pair-state.ts';
import { parseTime } from '../model/time.ts';
import { warningTimes } from './expiry-warnings.ts';
import type { PlanOutcome } from './outcome.ts';
import { tokenRenewalAt } from './plan-token.ts';

/**
 * Pure. When the next time-based step is due: an expiry or a warning of it, a rotation, the end of an overlap.
 *
 * @param warningDays how long before the expiry of a pair to warn, days
 * @returns milliseconds since the epoch; undefined if there is none
 */
export function nextStepAt({
  accessKey,
  outcome,
  warningDays,
  now,
}: {
  accessKey: AccessKeyRecord;
  outcome: PlanOutcome;
  warningDays: readonly number[];
  /** Milliseconds since the epoch. */
  now: number;
}): number | undefined {
  const times = outcome.pairs.flatMap(({ pair, secret, facts: sent }) => {
    const ends = expiresAtMs(pair);
    if (!secret?.pair) return [ends];
    const facts = sent ?? pairFacts({ accessKey, pair, secret, now });
    const warnings = warningTimes(ends, warningDays);
    return [
      ends,
      tokenRenewalAt(secret),
      parseTime(pair.tokensNotBefore),
      ...warnings,
      plannedRotationAt({ accessKey, pair, facts, now }),
      facts.previousValidUntil,
    ];
  });
  const coming = times.filter((time) => time !== undefined && time > now && Number.isFinite(time)) as number[];
  return coming.length === 0 ? undefined : Math.min(...coming);
}
