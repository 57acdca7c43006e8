import { oneLine } from '../../kube/printable.ts';
import { describeViolations } from '../guardrails/violations.ts';
import { type AccessKeyRecord, type Condition, conditionOf, type KeyPairStatus } from '../model/access-key-record.ts';
import { formatTime } from '../model/time.ts';
import { expiringSoon } from './expiry-warnings.ts';
import type { PlanOutcome } from './outcome.ts';
import { reasons, type Verdict, verdictOf } from './verdict.ts';

/**
 * Longest message of a condition, bytes of UTF-8. The CRD allows 32,768 characters, but three conditions can repeat the
 * message, and texts of others, such as names of owners and messages of webhooks, are part of it.
 */
const maxMessageBytes = 4096;

/**
 * The conditions as kstatus defines them: Ready is always present, Stalled and Reconciling only while they are true. The
 * conditions Overridden, ExpiresSoon and NotCompliant are also present only while they are true, and do not affect Ready.
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
  const verdict = withOneLine(verdictOf({ accessKey, otherHolder, outcome, keyPairs }));
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
  const before = conditionOf(accessKey, condition.type);
  return {
    ...withOneLine(condition),
    observedGeneration: accessKey.generation,
    lastTransitionTime: transitionTime(condition.status, before, now),
  };
}

/** The message as a condition contains it, so that it can be compared with that of the current one. */
function withOneLine<T extends { message: string }>(one: T): T {
  return { ...one, message: oneLine(one.message, maxMessageBytes) };
}

/**
 * Keeps the current message if the same failure is reported with other numbers, as a quota does. Otherwise each attempt
 * would change the status and so cause the next attempt.
 */
function stableMessage(
  accessKey: AccessKeyRecord,
  { reason, message, stablePrefix }: Verdict,
  keepsMessage: boolean,
): string {
  const before = conditionOf(accessKey, 'Ready');
  const isSameStep = before?.reason === reason && before.observedGeneration === accessKey.generation;
  if (!isSameStep || stablePrefix === undefined || !before.message.startsWith(stablePrefix)) return message;
  return keepsMessage || withoutNumbers(before.message) === withoutNumbers(message) ? before.message : message;
}

/** Replaces each word that contains a digit, for example a count, a time or an id. */
function withoutNumbers(text: string): string {
  return text.replace(/\S*\d\S*/g, '#');
}

function transitionTime(status: Condition['status'], before: Condition | undefined, now: number): string {
  return before?.status === status ? before.lastTransitionTime : formatTime(now);
}
