import type { AccessKeyRecord, Condition, KeyPairStatus } from '../model/access-key-record.ts';
import { rfc3339 } from '../model/duration.ts';
import type { PlanOutcome } from './outcome.ts';

/** Reasons of the conditions; machines may rely on them. */
export const reasons = {
  /** Every pair is as the spec says. */
  ready: 'KeyPairsReady',
  /** A Secret of that name exists and is not ours. A person must rename or delete one of them. */
  secretConflict: 'SecretConflict',
  /** Another AccessKey holds the claim on this user. */
  userClaimed: 'UserClaimed',
  /** A Secret must be gone before the new one can be made. */
  secretTerminating: 'SecretTerminating',
  /** The API server refused to write or delete a Secret; it is tried again. */
  secretFailed: 'SecretFailed',
} as const;

interface Verdict {
  reason: string;
  message: string;
  /** The beginning of the message that stays the same when the same thing fails again. */
  stable?: string;
  /** Ready, or why not: a person must act, or it goes on by itself. */
  state: 'Ready' | 'Stalled' | 'Reconciling';
}

/**
 * The conditions in the manner of kstatus: Ready is always there, Stalled or Reconciling only while they hold.
 *
 * @param winner namespace/name of the AccessKey that has the user instead of this one
 * @param now milliseconds since the epoch
 */
export function conditionsOf(
  accessKey: AccessKeyRecord,
  winner: string | undefined,
  outcome: PlanOutcome,
  keyPairs: readonly KeyPairStatus[],
  now: number,
): Condition[] {
  const verdict = winner === undefined ? judge(accessKey, outcome, keyPairs) : lost(accessKey, winner);
  const { state, reason } = verdict;
  const message = settled(accessKey, verdict);
  const types = state === 'Ready' ? ['Ready'] : ['Ready', state];
  return types.map((type) => {
    const status = type === 'Ready' && state !== 'Ready' ? 'False' : 'True';
    return { type, status, reason, message, ...timesOf(accessKey, type, status, now) };
  });
}

/**
 * The message so far when the same failure is told again in other words, as webhooks do: a status that changed with each
 * attempt would cause the next one.
 */
function settled({ status, generation }: AccessKeyRecord, { reason, message, stable }: Verdict): string {
  const before = status.conditions?.find((one) => one.type === 'Ready');
  const isSame = before?.reason === reason && before.observedGeneration === generation;
  return isSame && stable !== undefined && before.message.startsWith(stable) ? before.message : message;
}

function lost({ spec }: AccessKeyRecord, winner: string): Verdict {
  const message = `user ${spec.user.name} belongs to AccessKey ${winner}, delete one of the two`;
  return { state: 'Stalled', reason: reasons.userClaimed, message };
}

function judge({ spec }: AccessKeyRecord, outcome: PlanOutcome, keyPairs: readonly KeyPairStatus[]): Verdict {
  const problems = outcome.pairs.flatMap(({ problem }) => problem ?? []);
  const conflicts = problems.filter((one) => one.reason === 'SecretConflict').map((one) => one.message);
  if (conflicts.length > 0) {
    return { state: 'Stalled', reason: reasons.secretConflict, message: conflicts.join('; ') };
  }
  const [stuck] = outcome.notRemoved;
  if (stuck) {
    const { status, reason } = stuck.error;
    const message = `Secret ${stuck.secretName} could not be deleted: ${status} ${reason}`;
    return { state: 'Reconciling', reason: reasons.secretFailed, message };
  }
  const [problem] = problems;
  if (problem) return { state: 'Reconciling', ...problem };
  return { state: 'Ready', reason: reasons.ready, message: summary(spec.suspended === true, keyPairs) };
}

function summary(isSuspended: boolean, keyPairs: readonly KeyPairStatus[]): string {
  const pairs = keyPairs.map(({ name, state }) => `${name} ${state}`);
  const text = pairs.length === 0 ? 'no key pairs are wanted' : `key pairs: ${pairs.join(', ')}`;
  return isSuspended ? `suspended; ${text}` : text;
}

function timesOf(
  { status, generation }: AccessKeyRecord,
  type: string,
  value: Condition['status'],
  now: number,
): Pick<Condition, 'observedGeneration' | 'lastTransitionTime'> {
  const before = status.conditions?.find((one) => one.type === type);
  const lastTransitionTime = before?.status === value ? before.lastTransitionTime : rfc3339(now);
  return { observedGeneration: generation, lastTransitionTime };
}
