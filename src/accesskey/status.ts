import type { KubernetesError } from '../kube/errors.ts';
import type { AccessKeyRecord, Condition, KeyPairStatus } from './access-key-record.ts';
import type { PairOutcome } from './apply.ts';
import { expiryOf, pairState } from './pair-state.ts';
import type { AccessKeyStatus } from './types.generated.ts';

/** Reasons of the conditions; machines may rely on them. */
export const reasons = {
  /** Every pair is as the spec says. */
  ready: 'KeyPairsReady',
  /** A Secret of that name exists and is not ours. A person must rename or delete one of them. */
  secretConflict: 'SecretConflict',
  /** Another AccessKey holds the claim on this user. */
  userClaimed: 'UserClaimed',
  /** The API server refused to write a Secret; it is tried again. */
  secretFailed: 'SecretFailed',
} as const;

interface Verdict {
  ready: boolean;
  reason: string;
  message: string;
  /** Why it is not ready: a person must act, or it is tried again. */
  stalled: boolean;
}

/**
 * The status after a pass. Pure; times in it change only when what they tell of changes, so an unchanged AccessKey
 * gives an equal status and nothing is written.
 *
 * @param claimHolder namespace/name of the AccessKey that holds the user's claim
 * @param now milliseconds since the epoch
 */
export function statusOf(
  accessKey: AccessKeyRecord,
  claimHolder: string | undefined,
  outcomes: readonly PairOutcome[],
  now: number,
): AccessKeyStatus {
  const claimed = claimHolder !== undefined && claimHolder !== accessKey.key;
  const verdict = claimed ? claimedBy(accessKey, claimHolder) : judge(outcomes, accessKey, now);
  const keyPairs = claimed ? [] : outcomes.map((outcome) => pairStatus(accessKey, outcome, now));
  return {
    observedGeneration: accessKey.generation,
    ...(claimed ? {} : { userID: accessKey.uid }),
    conditions: conditionsOf(verdict).map((condition) => complete(condition, accessKey, now)),
    ...(keyPairs.length > 0 && { keyPairs }),
  };
}

/**
 * When the next pair expires, so that status says so then.
 *
 * @returns milliseconds from now; undefined when nothing is to come
 */
export function nextExpiryMs(accessKey: AccessKeyRecord, now: number): number | undefined {
  const times = (accessKey.spec.keyPairs ?? []).map(expiryOf).filter((time) => time > now && Number.isFinite(time));
  return times.length === 0 ? undefined : Math.min(...times) - now;
}

function claimedBy(accessKey: AccessKeyRecord, holder: string): Verdict {
  const message = `user ${accessKey.spec.user.name} belongs to AccessKey ${holder}, delete one of the two`;
  return { ready: false, reason: reasons.userClaimed, message, stalled: true };
}

function judge(outcomes: readonly PairOutcome[], accessKey: AccessKeyRecord, now: number): Verdict {
  const conflicts = outcomes.filter((one) => one.kind === 'conflict').map((one) => one.secretName);
  if (conflicts.length > 0) {
    const message = `Secret ${conflicts.join(', ')} exists and is not of this AccessKey, rename or delete it`;
    return { ready: false, reason: reasons.secretConflict, message, stalled: true };
  }
  const failed = outcomes.find((one) => one.kind === 'failed');
  if (failed) return failedVerdict(failed.secretName, failed.error);
  const pairs = outcomes.map((one) => pairStatus(accessKey, one, now)).map(({ name, state }) => `${name} ${state}`);
  const message = pairs.length === 0 ? 'no key pairs are wanted' : `key pairs: ${pairs.join(', ')}`;
  return { ready: true, reason: reasons.ready, message, stalled: false };
}

function failedVerdict(secretName: string, error: KubernetesError): Verdict {
  const message = `Secret ${secretName} could not be written: ${error.message}`;
  return { ready: false, reason: reasons.secretFailed, message, stalled: false };
}

/** kstatus: Ready is always there; Stalled or Reconciling only while they hold. */
function conditionsOf({
  ready,
  reason,
  message,
  stalled,
}: Verdict): Pick<Condition, 'type' | 'status' | 'reason' | 'message'>[] {
  if (ready) return [{ type: 'Ready', status: 'True', reason, message }];
  const why = { type: stalled ? 'Stalled' : 'Reconciling', status: 'True' as const, reason, message };
  return [{ type: 'Ready', status: 'False', reason, message }, why];
}

function complete(
  condition: Pick<Condition, 'type' | 'status' | 'reason' | 'message'>,
  accessKey: AccessKeyRecord,
  now: number,
): Condition {
  const before = accessKey.status.conditions?.find((one) => one.type === condition.type);
  const unchanged = before?.status === condition.status;
  const lastTransitionTime = unchanged ? before.lastTransitionTime : rfc3339(now);
  return { ...condition, observedGeneration: accessKey.generation, lastTransitionTime };
}

function pairStatus(accessKey: AccessKeyRecord, outcome: PairOutcome, now: number): KeyPairStatus {
  const { pair } = outcome;
  const expiresAt = pair.expiresAt === undefined ? {} : { expiresAt: pair.expiresAt };
  if (outcome.kind !== 'present') return withoutSecret(accessKey, outcome, expiresAt);
  const { secret } = outcome;
  return {
    name: pair.name,
    ...(secret.ak !== undefined && { accessKey: secret.ak }),
    secretName: secret.name,
    state: pairState(accessKey, pair, secret, true, now),
    createdAt: secret.createdAt,
    ...expiresAt,
  };
}

/** A pair that has no Secret of its own; what was known of it is kept, so that a later pass can tell a lost Secret. */
function withoutSecret(
  accessKey: AccessKeyRecord,
  outcome: PairOutcome & { kind: 'conflict' | 'failed' },
  expiresAt: { expiresAt?: string },
): KeyPairStatus {
  const before = accessKey.status.keyPairs?.find((one) => one.name === outcome.pair.name);
  const known = before?.accessKey === undefined ? {} : { accessKey: before.accessKey };
  const state = outcome.kind === 'conflict' ? 'Conflict' : 'Pending';
  return { name: outcome.pair.name, ...known, secretName: outcome.secretName, state, ...expiresAt };
}

function rfc3339(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
