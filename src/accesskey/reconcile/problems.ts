/** Why a step has failed, as an outcome with a problem. Pure. */
import type { SecretRecord } from '../../credential/secret-record.ts';
import type { KubernetesError } from '../../kube/errors.ts';
import type { BlockedAction } from './actions.ts';
import { allPairs, type PairOutcome, type PairProblem, type PlanOutcome } from './outcome.ts';

/** @param currentSecret the Secret that still holds the pair, if any */
export function outcomeWithProblem({
  pair,
  secretName,
  problem,
  currentSecret,
}: Pick<PairOutcome, 'pair' | 'secretName'> & {
  problem: PairProblem;
  currentSecret: SecretRecord | undefined;
}): PairOutcome {
  const secret = currentSecret?.pair && !currentSecret.deleting ? { secret: currentSecret } : {};
  return { pair, secretName, ...secret, change: 'none', problem };
}

/** The outcome of a pair that cannot get the Secret of the desired name. */
export function blockedOutcome(action: BlockedAction): PairOutcome {
  const { pair, secretName, from } = action;
  return outcomeWithProblem({ pair, secretName, problem: blockingProblem(action), currentSecret: from });
}

function blockingProblem(action: BlockedAction): PairProblem {
  const secret = `Secret ${action.secretName}`;
  if (action.kind === 'reject') return { reason: 'SecretConflict', message: action.message };
  if (action.kind === 'conflict') {
    const message = action.nameHolder
      ? `${secret} belongs to ${action.nameHolder}; set another secret.name`
      : `${secret} holds another key pair of this AccessKey; set another secret.name`;
    return { reason: 'SecretConflict', message };
  }
  return {
    reason: 'SecretTerminating',
    message: `${secret} must be deleted first; a finalizer may be blocking its deletion`,
  };
}

/**
 * Statuses about the content of a Secret, for example that it is too large: 413 and 422 (Invalid). An admission policy may
 * use them too, but it can be changed.
 */
const contentStatuses = new Set([413, 422]);

export function writeProblem({
  error,
  secretName,
  immutable,
}: {
  error: KubernetesError;
  secretName: string;
  immutable: boolean;
}): PairProblem {
  const stablePrefix = `cannot read or write Secret ${secretName}:`;
  const text = immutable ? describeStatus(error) : textOf(error);
  const hint = immutable ? '; it is immutable: delete it to get a new key pair' : '';
  const stalled = immutable || (contentStatuses.has(error.status) && !error.denied);
  return {
    reason: 'SecretFailed',
    message: `${stablePrefix} ${text}${hint}`,
    stablePrefix,
    ...(stalled && { stalled }),
    error,
  };
}

/** Two problems of one pair as one. The first, which is about the pair and not about its token, has the reason. */
export function combineProblems(
  first: PairProblem | undefined,
  second: PairProblem | undefined,
): PairProblem | undefined {
  if (!first || !second) return first ?? second;
  const stablePrefix = first.stablePrefix ?? (second.stablePrefix && `${first.message}; ${second.stablePrefix}`);
  const error = first.error ?? second.error;
  return {
    reason: first.reason,
    message: `${first.message}; ${second.message}`,
    ...(stablePrefix !== undefined && { stablePrefix }),
    ...((first.stalled || second.stalled) && { stalled: true }),
    ...(error && { error }),
  };
}

/** The problem of an unneeded Secret that could not be deleted. */
export function removalProblem({
  secretName,
  error,
}: PlanOutcome['notRemoved'][number]): Required<Pick<PairProblem, 'message' | 'stablePrefix'>> {
  const stablePrefix = `cannot delete Secret ${secretName}:`;
  return { message: `${stablePrefix} ${textOf(error)}`, stablePrefix };
}

/** @returns the first error of the API server, after which the reconcile is retried */
export function errorOf(outcome: PlanOutcome): KubernetesError | undefined {
  return allPairs(outcome).find((one) => one.problem?.error)?.problem?.error ?? outcome.notRemoved[0]?.error;
}

/** For a 5xx only the status is reported, because the text may differ each time, unless a webhook chose it. */
function textOf(error: KubernetesError): string {
  return error.status < 500 || error.denied ? error.message : describeStatus(error);
}

function describeStatus({ status, reason }: KubernetesError): string {
  return `${status} ${reason}`.trimEnd();
}
