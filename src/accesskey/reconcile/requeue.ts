/** When an AccessKey is reconciled again although no watch has shown a change. Pure. */
import { KubernetesError } from '../../kube/errors.ts';
import { allPairs, type PlanOutcome } from './outcome.ts';

/**
 * The shortest time between two checks of a problem that no watch reports as solved, milliseconds. For example, a
 * blocking Secret that is not watched (blocking-secrets.ts) may be gone, or signing keys may have been created.
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
  /** How long the AccessKey has had a problem that is rechecked, or requests that are rejected. */
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

/** Statuses with which the API server rejects a request until someone changes a quota, a policy, a role or the Secret. */
const lastingStatuses = new Set([403, 413, 422]);

/** Whether the API server has rejected requests, and each for a reason that usually lasts. */
export function isRejected(outcome: PlanOutcome): boolean {
  const problems = [...allPairs(outcome).map(({ problem }) => problem), ...outcome.notRemoved];
  const errors = problems.flatMap((one) => one?.error ?? []);
  return errors.length > 0 && errors.every(({ denied, status }) => denied || lastingStatuses.has(status));
}

/**
 * The error of a failed reconcile, with the shortest delay before the next attempt. While a rejection lasts, the delay
 * doubles beyond the backoff of the work queue, because each attempt sends several requests.
 */
export function retryOf(
  error: KubernetesError,
  { outcome, problemForMs, untilDeadlineMs = maxRecheckMs }: Omit<Pending, 'untilOverrideStepMs'>,
): KubernetesError {
  if (!isRejected(outcome)) return error;
  const delayMs = Math.min(problemForMs, untilDeadlineMs, maxRecheckMs);
  return new KubernetesError(error.message, { ...error, retryAfterMs: Math.max(error.retryAfterMs, delayMs) });
}

/** The delay doubles while the problem lasts. Signing keys are missing for all AccessKeys, and only for a short time. */
function recheckAfterMs({ pairs }: PlanOutcome, problemForMs: number): number {
  if (pairs.some(({ problem }) => problem?.reason === 'SigningKeysMissing')) return minRecheckMs;
  return Math.min(Math.max(problemForMs, minRecheckMs), maxRecheckMs);
}
