/** When an AccessKey is reconciled again although no watch has shown a change. Pure. */
import type { PlanOutcome } from './outcome.ts';

/**
 * How soon a pair with a problem that is not an error of the API server is reconciled again, milliseconds. A blocking Secret
 * that is not watched (blocking-secrets.ts) may be gone, and signing keys may have been created.
 */
const minRecheckMs = 30_000;
/** Longest time between two checks of a problem that lasts, milliseconds. */
const maxRecheckMs = 300_000;
/**
 * Longest wait for an expiry or a rotation, milliseconds. The wall clock may jump, so the time is checked at least this
 * often. While a problem lasts, each reconcile sends requests, so the time is then checked as often as the problem.
 */
const maxDeadlineWaitMs = 30_000;

/** Times in milliseconds, from now; undefined if there is no such step. */
export interface Pending {
  outcome: PlanOutcome;
  /** How long the AccessKey has had a problem that is rechecked. */
  problemForMs: number;
  /** Until the next expiry, rotation or end of an overlap, on the wall clock. */
  untilDeadlineMs: number | undefined;
  /** Until an overridden field may be written again, on the monotonic clock. */
  untilOverrideStepMs: number | undefined;
}

/** @returns milliseconds; undefined if only a change requires another reconcile */
export function requeueAfterMs({
  outcome,
  problemForMs,
  untilDeadlineMs,
  untilOverrideStepMs,
}: Pending): number | undefined {
  const recheckMs = isRechecked(outcome) ? recheckAfterMs(outcome, problemForMs) : undefined;
  const deadlineMs = untilDeadlineMs && Math.min(untilDeadlineMs, recheckMs ?? maxDeadlineWaitMs);
  const due = [deadlineMs, recheckMs, untilOverrideStepMs].filter((one) => one !== undefined);
  return due.length === 0 ? undefined : Math.min(...due);
}

/** Whether a problem can end without a change that is watched. An error of the API server is retried instead. */
export function isRechecked({ pairs }: PlanOutcome): boolean {
  return pairs.some(({ problem }) => problem !== undefined && problem.reason !== 'SecretFailed');
}

/** The delay doubles while the problem lasts. Signing keys are missing for all AccessKeys, and only for a short time. */
function recheckAfterMs({ pairs }: PlanOutcome, problemForMs: number): number {
  if (pairs.some(({ problem }) => problem?.reason === 'SigningKeysMissing')) return minRecheckMs;
  return Math.min(Math.max(problemForMs, minRecheckMs), maxRecheckMs);
}
