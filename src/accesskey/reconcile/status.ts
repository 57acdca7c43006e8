import { type AccessKeyRecord, type KeyPairStatus, pairStatusOf } from '../model/access-key-record.ts';
import { pairFacts } from '../model/pair-facts.ts';
import { expiresAtMs, pairState, plannedRotationAt } from '../model/pair-state.ts';
import { formatTime } from '../model/time.ts';
import type { AccessKeyStatus } from '../model/types.generated.ts';
import { conditionsOf, terminatingConditions } from './conditions.ts';
import { warningTimes, withExpiryWarnings } from './expiry-warnings.ts';
import type { PairOutcome, PlanOutcome } from './outcome.ts';
import { summaryOf } from './summary.ts';
import { removedPairs } from './unneeded-secrets.ts';

/** Pure. A time changes only if the fact it belongs to changes, so nothing is written for an unchanged AccessKey. */
export function statusOf({
  accessKey,
  userHolder,
  outcome,
  keepsMessage = false,
  warningDays = [],
  now,
}: {
  accessKey: AccessKeyRecord;
  /**
   * namespace/name of the AccessKey that holds the user. Never undefined in a reconcile: an AccessKey that is not being
   * deleted always has a holder of its user.
   */
  userHolder: string | undefined;
  outcome: PlanOutcome;
  /** Keep the message of an error that is reported again, even if its text differs. */
  keepsMessage?: boolean;
  /** How long before the expiry of a pair to warn, days. Default: no warnings. */
  warningDays?: readonly number[];
  /** Milliseconds since the epoch. */
  now: number;
}): AccessKeyStatus {
  const otherHolder = userHolder === accessKey.key ? undefined : userHolder;
  const observed =
    otherHolder === undefined
      ? [...outcome.pairs.map((one) => pairStatus(accessKey, one, now)), ...notYetRemoved(accessKey, outcome)]
      : keptInConflict(accessKey);
  const keyPairs = withExpiryWarnings(observed, { known: accessKey.status.keyPairs ?? [], warningDays, now });
  return {
    observedGeneration: accessKey.generation,
    ...(otherHolder === undefined && { userID: accessKey.uid }),
    summary: summaryOf(keyPairs),
    conditions: conditionsOf({ accessKey, otherHolder, outcome, keyPairs, keepsMessage, now }),
    ...(keyPairs.length > 0 && { keyPairs }),
  };
}

/** The status of an AccessKey that is being deleted, or whose namespace is: none of its pairs is valid any more. */
export function terminatingStatus(accessKey: AccessKeyRecord, now: number): AccessKeyStatus {
  const { userID, keyPairs = [] } = accessKey.status;
  const disabled = keyPairs.map(({ nextRotationAt: _, previous: __, ...pair }) => ({
    ...pair,
    state: 'Disabled' as const,
  }));
  return {
    observedGeneration: accessKey.generation,
    ...(userID !== undefined && { userID }),
    summary: summaryOf(disabled),
    conditions: terminatingConditions(accessKey, now),
    ...(disabled.length > 0 && { keyPairs: disabled }),
  };
}

/** An AccessKey that does not hold its user keeps its Secrets, so the status keeps its pairs. */
function keptInConflict({ status }: AccessKeyRecord): KeyPairStatus[] {
  return (status.keyPairs ?? []).map((pair) => ({ ...pair, state: 'Conflict' }));
}

/** A removed pair stays in the status until its Secret is deleted, so that no other pair can take the Secret over. */
function notYetRemoved(accessKey: AccessKeyRecord, { notRemoved }: PlanOutcome): KeyPairStatus[] {
  const isRemaining = ({ secretName }: KeyPairStatus) => notRemoved.some((one) => one.secretName === secretName);
  return removedPairs(accessKey)
    .filter(isRemaining)
    .map((pair) => ({ ...pair, state: 'Disabled' }));
}

function pairStatus(accessKey: AccessKeyRecord, outcome: PairOutcome, now: number): KeyPairStatus {
  const { pair, secret, secretName } = outcome;
  const known = pairStatusOf(accessKey, pair.name);
  const fromSpecAndStatus = {
    ...(pair.expiresAt !== undefined && { expiresAt: pair.expiresAt }),
    ...(known?.lastUsedTime !== undefined && { lastUsedTime: known.lastUsedTime }),
  };
  if (!secret?.pair) {
    const state = stateWithoutSecret(outcome);
    return { name: pair.name, secretName, ...recoveryData(known), state, ...fromSpecAndStatus };
  }
  const facts = pairFacts({ accessKey, pair, secret, now });
  const nextRotation = plannedRotationAt({ accessKey, pair, facts, now });
  const until = facts.previousValidUntil;
  return {
    name: pair.name,
    accessKey: secret.pair.ak,
    secretName: secret.name,
    state:
      outcome.problem?.reason === 'SecretNotWatched'
        ? 'Pending'
        : pairState({ accessKey, pair, facts, holdsUser: true, now }),
    revision: facts.revision,
    createdAt: formatTime(facts.generatedAt),
    ...(nextRotation !== undefined && { nextRotationAt: formatTime(nextRotation) }),
    ...(secret.previous &&
      until !== undefined &&
      now < until && { previous: { accessKey: secret.previous.ak, validUntil: formatTime(until) } }),
    ...fromSpecAndStatus,
  };
}

/**
 * Kept while a pair has no Secret. A later reconcile needs it to distinguish a lost Secret from a new pair, and to read
 * the Secret by name while the cache does not show it yet.
 */
function recoveryData(known: KeyPairStatus | undefined): Partial<KeyPairStatus> {
  return {
    ...(known?.accessKey !== undefined && { accessKey: known.accessKey, secretName: known.secretName }),
    ...(known?.revision !== undefined && { revision: known.revision }),
    ...(known?.createdAt !== undefined && { createdAt: known.createdAt }),
  };
}

function stateWithoutSecret({ problem }: PairOutcome): KeyPairStatus['state'] {
  return problem?.reason === 'SecretConflict' ? 'Conflict' : 'Pending';
}

/**
 * When the next time-based step is due: an expiry or a warning of it, a rotation, the end of an overlap.
 *
 * @param warningDays how long before the expiry of a pair to warn, days
 * @returns milliseconds since the epoch; undefined if there is none
 */
export function nextStepAt({
  accessKey,
  outcome,
  warningDays = [],
  now,
}: {
  accessKey: AccessKeyRecord;
  outcome: PlanOutcome;
  warningDays?: readonly number[];
  /** Milliseconds since the epoch. */
  now: number;
}): number | undefined {
  const times = outcome.pairs.flatMap(({ pair, secret }) => {
    const ends = expiresAtMs(pair);
    if (!secret?.pair) return [ends];
    const facts = pairFacts({ accessKey, pair, secret, now });
    const warnings = warningTimes(ends, warningDays);
    return [ends, ...warnings, plannedRotationAt({ accessKey, pair, facts, now }), facts.previousValidUntil];
  });
  const coming = times.filter((time) => time !== undefined && time > now && Number.isFinite(time)) as number[];
  return coming.length === 0 ? undefined : Math.min(...coming);
}
