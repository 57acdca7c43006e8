import {
  type AccessKeyRecord,
  type KeyPairSpec,
  type KeyPairStatus,
  pairStatusOf,
} from '../model/access-key-record.ts';
import { pairFacts } from '../model/pair-facts.ts';
import { overlapEndsAt, pairState, plannedRotationAt } from '../model/pair-state.ts';
import { formatTime } from '../model/time.ts';
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
    return { name: pair.name, secretName, ...recoveryData(pair, known, now), state, ...fromSpecAndStatus };
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
function recoveryData(pair: KeyPairSpec, known: KeyPairStatus | undefined, now: number): Partial<KeyPairStatus> {
  const previous = known && keptPrevious(pair, known, now);
  return {
    ...(known?.accessKey !== undefined && { accessKey: known.accessKey, secretName: known.secretName }),
    ...(known?.revision !== undefined && { revision: known.revision }),
    ...(known?.createdAt !== undefined && { createdAt: known.createdAt }),
    ...(previous && { previous }),
    ...(known?.removed && { removed: true }),
  };
}

/**
 * The previous pair of a status that is kept, as long as the spec has an overlap. That the overlap was shortened or
 * removed is recorded, because it is final: setting it again must not make the previous pair valid again.
 *
 * @param pair undefined if it was removed from the spec
 */
export function keptPrevious(
  pair: KeyPairSpec | undefined,
  known: KeyPairStatus,
  now: number,
): KeyPairStatus['previous'] {
  if (!pair || !known.previous) return undefined;
  const end = overlapEndsAt(pair, known);
  return now < end ? { ...known.previous, validUntil: formatTime(end) } : undefined;
}

function stateWithoutSecret({ problem }: PairOutcome): KeyPairStatus['state'] {
  return problem?.reason === 'SecretConflict' ? 'Conflict' : 'Pending';
}
