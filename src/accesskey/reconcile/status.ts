import { type AccessKeyRecord, type Condition, type KeyPairStatus, pairStatusOf } from '../model/access-key-record.ts';
import { rfc3339 } from '../model/duration.ts';
import { pairFacts } from '../model/pair-facts.ts';
import { comingRotation, expiryOf, pairState } from '../model/pair-state.ts';
import type { AccessKeyStatus } from '../model/types.generated.ts';
import { conditionsOf } from './conditions.ts';
import type { PairOutcome, PlanOutcome } from './outcome.ts';
import { retiredPairs } from './plan.ts';

/**
 * The status after a pass. Pure; times in it change only when what they tell of changes, so an unchanged AccessKey
 * gives an equal status and nothing is written.
 *
 * @param userHolder namespace/name of the AccessKey that holds the user's claim
 * @param now milliseconds since the epoch
 */
export function statusOf(
  accessKey: AccessKeyRecord,
  userHolder: string | undefined,
  outcome: PlanOutcome,
  now: number,
): AccessKeyStatus {
  const isClaimed = userHolder !== undefined && userHolder !== accessKey.key;
  const keyPairs = isClaimed
    ? keptInConflict(accessKey)
    : [...outcome.pairs.map((one) => pairStatus(accessKey, one, now)), ...notYetRemoved(accessKey, outcome)];
  const conditions: Condition[] = conditionsOf(accessKey, isClaimed ? userHolder : undefined, outcome, keyPairs, now);
  return {
    observedGeneration: accessKey.generation,
    ...(isClaimed ? {} : { userID: accessKey.uid }),
    conditions,
    ...(keyPairs.length > 0 && { keyPairs }),
  };
}

/** A claim that was lost takes no Secret away, so what is known of the pairs stays too. */
function keptInConflict({ status }: AccessKeyRecord): KeyPairStatus[] {
  return (status.keyPairs ?? []).map((pair) => ({ ...pair, state: 'Conflict' }));
}

/** A removed pair is remembered until its Secret is gone, so that nothing can take it for another pair's. */
function notYetRemoved(accessKey: AccessKeyRecord, { notRemoved }: PlanOutcome): KeyPairStatus[] {
  const isThere = ({ secretName }: KeyPairStatus) => notRemoved.some((one) => one.secretName === secretName);
  return retiredPairs(accessKey)
    .filter(isThere)
    .map((pair) => ({ ...pair, state: 'Disabled' }));
}

function pairStatus(accessKey: AccessKeyRecord, outcome: PairOutcome, now: number): KeyPairStatus {
  const { pair, secret, secretName } = outcome;
  const known = pairStatusOf(accessKey, pair.name);
  const lasting = {
    ...(pair.expiresAt !== undefined && { expiresAt: pair.expiresAt }),
    ...(known?.lastUsedTime !== undefined && { lastUsedTime: known.lastUsedTime }),
  };
  if (!secret?.pair) return { name: pair.name, secretName, ...memory(known), state: stateWithout(outcome), ...lasting };
  const facts = pairFacts(accessKey, pair, secret, now);
  const nextRotation = comingRotation(accessKey, pair, facts, now);
  const until = facts.previousValidUntil;
  return {
    name: pair.name,
    accessKey: secret.pair.ak,
    secretName: secret.name,
    state: pairState(accessKey, pair, facts, true, now),
    revision: facts.revision,
    createdAt: rfc3339(facts.generatedAt),
    ...(nextRotation !== undefined && { nextRotationAt: rfc3339(nextRotation) }),
    ...(secret.previous &&
      until !== undefined &&
      now < until && { previous: { accessKey: secret.previous.ak, validUntil: rfc3339(until) } }),
    ...lasting,
  };
}

/**
 * What was known of a pair that has no Secret now: a later pass can tell a lost Secret from a new pair, and finds one that
 * has lost its labels by the name that it had.
 */
function memory(known: KeyPairStatus | undefined): Partial<KeyPairStatus> {
  return {
    ...(known?.accessKey !== undefined && { accessKey: known.accessKey, secretName: known.secretName }),
    ...(known?.revision !== undefined && { revision: known.revision }),
    ...(known?.createdAt !== undefined && { createdAt: known.createdAt }),
  };
}

function stateWithout({ problem }: PairOutcome): KeyPairStatus['state'] {
  return problem?.reason === 'SecretConflict' ? 'Conflict' : 'Pending';
}

/**
 * When the next step is due by time alone: an expiry, a rotation, the end of an overlap.
 *
 * @returns milliseconds since the epoch; undefined when nothing is to come
 */
export function nextStepAt(accessKey: AccessKeyRecord, outcome: PlanOutcome, now: number): number | undefined {
  const times = outcome.pairs.flatMap(({ pair, secret }) => {
    if (!secret?.pair) return [expiryOf(pair)];
    const facts = pairFacts(accessKey, pair, secret, now);
    return [expiryOf(pair), comingRotation(accessKey, pair, facts, now), facts.previousValidUntil];
  });
  const coming = times.filter((time) => time !== undefined && time > now && Number.isFinite(time)) as number[];
  return coming.length === 0 ? undefined : Math.min(...coming);
}
