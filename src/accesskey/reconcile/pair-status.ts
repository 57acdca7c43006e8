import { type AccessKeyRecord, type KeyPairStatus, pairStatusOf } from '../model/access-key-record.ts';
import { pairFacts } from '../model/pair-facts.ts';
import { pairState, plannedRotationAt } from '../model/pair-state.ts';
import { formatTime, parseTime } from '../model/time.ts';
import type { PairOutcome } from './outcome.ts';

/** The status of a pair after a reconcile. Pure. */
export function pairStatus(accessKey: AccessKeyRecord, outcome: PairOutcome, now: number): KeyPairStatus {
  const { pair, secret, secretName } = outcome;
  const known = pairStatusOf(accessKey, pair.name);
  const fromSpecAndStatus = {
    ...(pair.expiresAt !== undefined && { expiresAt: pair.expiresAt }),
    ...lastUseIn(known),
  };
  if (!secret?.pair) {
    const state = stateWithoutSecret(outcome);
    return { name: pair.name, secretName, ...recoveryData(known, now), state, ...fromSpecAndStatus };
  }
  const facts = outcome.facts ?? pairFacts({ accessKey, pair, secret, now });
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
      now < until && { previous: previousStatus(known, secret.previous.ak, until) }),
    ...(facts.removed && { removed: true }),
    ...fromSpecAndStatus,
  };
}

/** After a rotation, the last use of the pair becomes that of the previous pair. */
function previousStatus(
  known: KeyPairStatus | undefined,
  ak: string,
  until: number,
): NonNullable<KeyPairStatus['previous']> {
  const former = [known?.previous, known].find((one) => one?.accessKey === ak);
  return { accessKey: ak, validUntil: formatTime(until), ...lastUseIn(former) };
}

function lastUseIn({
  lastUsedTime,
  lastClientAddress,
}: Pick<KeyPairStatus, 'lastUsedTime' | 'lastClientAddress'> = {}) {
  return {
    ...(lastUsedTime !== undefined && { lastUsedTime }),
    ...(lastClientAddress !== undefined && { lastClientAddress }),
  };
}

/**
 * Kept while a pair has no Secret. A later reconcile needs it to distinguish a lost Secret from a new pair, and to read
 * the Secret by name while the cache does not show it yet.
 */
function recoveryData(known: KeyPairStatus | undefined, now: number): Partial<KeyPairStatus> {
  const isOverlapping = now < (parseTime(known?.previous?.validUntil) ?? 0);
  return {
    ...(known?.accessKey !== undefined && { accessKey: known.accessKey, secretName: known.secretName }),
    ...(known?.revision !== undefined && { revision: known.revision }),
    ...(known?.createdAt !== undefined && { createdAt: known.createdAt }),
    ...(known?.previous && isOverlapping && { previous: known.previous }),
    ...(known?.removed && { removed: true }),
  };
}

function stateWithoutSecret({ problem }: PairOutcome): KeyPairStatus['state'] {
  return problem?.reason === 'SecretConflict' ? 'Conflict' : 'Pending';
}
