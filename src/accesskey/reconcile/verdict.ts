import { type AccessKeyRecord, conditionOf, type KeyPairStatus } from '../model/access-key-record.ts';
import type { PlanOutcome } from './outcome.ts';
import { removalProblem } from './problems.ts';

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
  /** The token that a Secret holds cannot be issued or renewed, because there are no signing keys. */
  signingKeysMissing: 'SigningKeysMissing',
  /** A key pair expires soon, and no other one is valid longer. The reason of `ExpiresSoon`. */
  expiresSoon: 'KeyPairExpiresSoon',
  /** The AccessKey does not comply with the guardrails. The reason of `NotCompliant`. */
  guardrailViolated: 'GuardrailViolated',
  /** The AccessKey or its namespace is being deleted, so its pairs are no longer valid. */
  terminating: 'Terminating',
} as const;

/** What the condition `Ready` says. */
export interface Verdict {
  reason: string;
  message: string;
  /** See PairProblem. */
  stablePrefix?: string;
  /** Stalled: a person must act. Reconciling: the operator continues on its own. */
  state: 'Ready' | 'Stalled' | 'Reconciling';
}

/** @param otherHolder namespace/name of the AccessKey that holds the user instead of this one */
export function verdictOf({
  accessKey,
  otherHolder,
  outcome,
  keyPairs,
}: {
  accessKey: AccessKeyRecord;
  otherHolder: string | undefined;
  outcome: PlanOutcome;
  keyPairs: readonly KeyPairStatus[];
}): Verdict {
  return otherHolder === undefined
    ? verdictOnPairs(accessKey, outcome, keyPairs)
    : userClaimed(accessKey, otherHolder, outcome);
}

/** A token that could not be removed from a kept Secret is named as well. */
function userClaimed(accessKey: AccessKeyRecord, holder: string, { kept = [] }: PlanOutcome): Verdict {
  const claim = claimOf(accessKey, holder);
  const problems = kept.flatMap(({ problem }) => problem ?? []);
  const message = [claim, ...problems.map((one) => one.message)].join('; ');
  const prefix = problems[0]?.stablePrefix;
  const stable = prefix === undefined ? {} : { stablePrefix: `${claim}; ${prefix}` };
  return { state: 'Stalled', reason: reasons.userClaimed, message, ...stable };
}

/**
 * Names the holder that was reported first for this spec: when another AccessKey becomes the holder, the status of all others
 * that name the user, of which there may be many, must not change.
 */
function claimOf(accessKey: AccessKeyRecord, holder: string): string {
  const [start, end] = [`user ${accessKey.spec.user.name} was already held by`, '; delete one of the two AccessKeys'];
  const { reason, observedGeneration, message = '' } = conditionOf(accessKey, 'Ready') ?? {};
  const isReported = reason === reasons.userClaimed && observedGeneration === accessKey.generation;
  const length = isReported && message.startsWith(start) ? message.indexOf(end, start.length) : -1;
  return length < 0 ? `${start} AccessKey ${holder}${end}` : message.slice(0, length + end.length);
}

function verdictOnPairs({ spec }: AccessKeyRecord, outcome: PlanOutcome, keyPairs: readonly KeyPairStatus[]): Verdict {
  const problems = outcome.pairs.flatMap(({ problem }) => problem ?? []);
  const conflicts = problems.filter((one) => one.reason === 'SecretConflict');
  const [conflict] = conflicts;
  if (conflict) {
    const message = conflicts.map((one) => one.message).join('; ');
    return { ...conflict, state: 'Stalled', message };
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
