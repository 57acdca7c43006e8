import { describeViolations } from '../guardrails/violations.ts';
import type { AccessKeyRecord, Condition, KeyPairStatus } from '../model/access-key-record.ts';
import { formatTime } from '../model/time.ts';
import { expiringSoon } from './expiry-warnings.ts';
import { type PlanOutcome, removalProblem } from './outcome.ts';

/** Reasons of the conditions, part of the API. */
export const reasons = {
  /** Every pair matches the spec. */
  ready: 'KeyPairsReady',
  /**
   * The Secret of the desired name belongs to something else. A person must set another name, or delete the Secret or
   * have it adopted.
   */
  secretConflict: 'SecretConflict',
  /** Another AccessKey holds the user. */
  userClaimed: 'UserClaimed',
  /** A Secret must be deleted before the new one can be created. */
  secretTerminating: 'SecretTerminating',
  /** The API server rejected a request for a Secret; the operator retries. */
  secretFailed: 'SecretFailed',
  /** The watch cache does not show a written Secret, so its pair cannot get tokens yet. */
  secretNotWatched: 'SecretNotWatched',
  /**
   * An admission policy or another controller changes fields that the operator writes. A reason of `Overridden`, and of
   * `Ready` if a pair is therefore not as the spec requires.
   */
  secretOverridden: 'SecretOverridden',
  /** A key pair expires soon, and no other one is valid longer. The reason of `ExpiresSoon`. */
  expiresSoon: 'KeyPairExpiresSoon',
  /** The AccessKey does not comply with the guardrails. The reason of `NotCompliant`. */
  guardrailViolated: 'GuardrailViolated',
  /** The AccessKey or its namespace is being deleted, so its pairs are no longer valid. */
  terminating: 'Terminating',
} as const;

interface Verdict {
  reason: string;
  message: string;
  /** See PairProblem. */
  stablePrefix?: string;
  /** Stalled: a person must act. Reconciling: the operator continues on its own. */
  state: 'Ready' | 'Stalled' | 'Reconciling';
}

/**
 * The conditions as kstatus defines them: Ready is always present, Stalled and Reconciling only while they are true. So
 * are Overridden, ExpiresSoon and NotCompliant, which do not affect Ready.
 */
export function conditionsOf({
  accessKey,
  otherHolder,
  outcome,
  keyPairs,
  violations,
  keepsMessage,
  now,
}: {
  accessKey: AccessKeyRecord;
  /** namespace/name of the AccessKey that holds the user instead of this one. */
  otherHolder: string | undefined;
  outcome: PlanOutcome;
  keyPairs: readonly KeyPairStatus[];
  /** undefined: the guardrails are not known, so the condition stays as it is. */
  violations: readonly string[] | undefined;
  /** Keep the message of an error that is reported again, even if its text differs. */
  keepsMessage: boolean;
  /** Milliseconds since the epoch. */
  now: number;
}): Condition[] {
  const verdict =
    otherHolder === undefined ? verdictOf(accessKey, outcome, keyPairs) : userClaimed(accessKey, otherHolder);
  const message = stableMessage(accessKey, verdict, keepsMessage);
  const warnings = [
    { type: 'Overridden', reason: reasons.secretOverridden, message: outcome.overrides },
    { type: 'ExpiresSoon', reason: reasons.expiresSoon, message: describeExpiring(keyPairs) },
    { type: 'NotCompliant', reason: reasons.guardrailViolated, message: describeViolations(violations ?? []) },
  ];
  const kept = violations ? [] : (accessKey.status.conditions ?? []).filter(({ type }) => type === 'NotCompliant');
  return [
    ...toConditions(accessKey, { ...verdict, message }, now),
    ...trueConditions(accessKey, warnings, now),
    ...kept,
  ];
}

/** The conditions of an AccessKey that is being deleted, or whose namespace is. */
export function terminatingConditions(accessKey: AccessKeyRecord, now: number): Condition[] {
  const what = accessKey.deleting ? 'the AccessKey' : 'the namespace';
  const message = `${what} is being deleted; the key pairs are no longer valid`;
  return toConditions(accessKey, { state: 'Reconciling', reason: reasons.terminating, message }, now);
}

function toConditions(accessKey: AccessKeyRecord, { state, reason, message }: Verdict, now: number): Condition[] {
  const types = state === 'Ready' ? ['Ready'] : ['Ready', state];
  return types.map((type) => {
    const status = type === 'Ready' && state !== 'Ready' ? 'False' : 'True';
    return toCondition(accessKey, { type, status, reason, message }, now);
  });
}

/** @param warnings those without a message do not apply */
function trueConditions(
  accessKey: AccessKeyRecord,
  warnings: readonly { type: string; reason: string; message: string | undefined }[],
  now: number,
): Condition[] {
  return warnings.flatMap(({ message, ...warning }) =>
    message === undefined ? [] : [toCondition(accessKey, { ...warning, status: 'True', message }, now)],
  );
}

/** Contains no remaining time, which would change all the time. */
function describeExpiring(keyPairs: readonly KeyPairStatus[]): string | undefined {
  const expiring = expiringSoon(keyPairs).map(({ name, expiresAt }) => `key pair ${name} expires at ${expiresAt}`);
  return expiring.length === 0 ? undefined : `${expiring.join(', ')}; no other key pair is valid longer`;
}

function toCondition(
  accessKey: AccessKeyRecord,
  condition: Pick<Condition, 'type' | 'status' | 'reason' | 'message'>,
  now: number,
): Condition {
  const before = accessKey.status.conditions?.find((one) => one.type === condition.type);
  return {
    ...condition,
    observedGeneration: accessKey.generation,
    lastTransitionTime: transitionTime(condition.status, before, now),
  };
}

/**
 * Keeps the current message if the same failure is reported with other numbers, as a quota does. Otherwise each attempt
 * would change the status and so cause the next attempt.
 */
function stableMessage(
  { status, generation }: AccessKeyRecord,
  { reason, message, stablePrefix }: Verdict,
  keepsMessage: boolean,
): string {
  const before = status.conditions?.find((one) => one.type === 'Ready');
  const isSameStep = before?.reason === reason && before.observedGeneration === generation;
  if (!isSameStep || stablePrefix === undefined || !before.message.startsWith(stablePrefix)) return message;
  return keepsMessage || withoutNumbers(before.message) === withoutNumbers(message) ? before.message : message;
}

/** Replaces each word that contains a digit, for example a count, a time or an id. */
function withoutNumbers(text: string): string {
  return text.replace(/\S*\d\S*/g, '#');
}

function userClaimed({ spec }: AccessKeyRecord, holder: string): Verdict {
  const message = `user ${spec.user.name} is held by AccessKey ${holder}; delete one of the two AccessKeys`;
  return { state: 'Stalled', reason: reasons.userClaimed, message };
}

function verdictOf({ spec }: AccessKeyRecord, outcome: PlanOutcome, keyPairs: readonly KeyPairStatus[]): Verdict {
  const problems = outcome.pairs.flatMap(({ problem }) => problem ?? []);
  const conflicts = problems.filter((one) => one.reason === 'SecretConflict').map((one) => one.message);
  if (conflicts.length > 0) {
    return { state: 'Stalled', reason: reasons.secretConflict, message: conflicts.join('; ') };
  }
  const [stuck] = outcome.notRemoved;
  if (stuck) {
    return { state: 'Reconciling', reason: reasons.secretFailed, ...removalProblem(stuck) };
  }
  const problem = problems.find(({ stalled }) => stalled) ?? problems[0];
  if (problem) return { state: problem.stalled ? 'Stalled' : 'Reconciling', ...problem };
  return { state: 'Ready', reason: reasons.ready, message: summary(spec.suspended === true, keyPairs) };
}

function summary(isSuspended: boolean, keyPairs: readonly KeyPairStatus[]): string {
  const pairs = keyPairs.map(({ name, state }) => `${name} ${state}`);
  const text = pairs.length === 0 ? 'no key pairs in the spec' : `key pairs: ${pairs.join(', ')}`;
  return isSuspended ? `suspended; ${text}` : text;
}

function transitionTime(status: Condition['status'], before: Condition | undefined, now: number): string {
  return before?.status === status ? before.lastTransitionTime : formatTime(now);
}
