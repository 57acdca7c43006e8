/**
 * The pair in the data of a Secret, found, made anew or kept. Pure but for the random numbers of a new pair.
 */
import { generateKeyPair, type KeyPair } from '../../credential/key-pair.ts';
import {
  type DataKeys,
  pairAt,
  previousKeys,
  type SecretObject,
  type SecretRecord,
  withoutSecret,
} from '../../credential/secret-record.ts';
import { dataKeysOf, type KeyPairSpec } from '../model/access-key-record.ts';
import { durationMs } from '../model/duration.ts';
import type { PairFacts } from '../model/pair-facts.ts';
import type { SecretValues } from './desired-secret.ts';

/** Reads the pair under these keys; undefined when it is not well-formed. */
export function pairIn({ data = {} }: SecretObject, keys: DataKeys): KeyPair | undefined {
  return pairAt(data, keys);
}

/**
 * The pair of a Secret whose notes may be lost or wrong: under the noted keys or those of the spec, and of several finds
 * the one that is known, also where ak and sk have changed places.
 *
 * @param knownAk the ak that the status knows
 * @returns undefined when there is no pair
 */
export function findPair(
  live: SecretObject,
  record: SecretRecord,
  pair: KeyPairSpec,
  knownAk: string | undefined,
): KeyPair | undefined {
  const [noted, wanted] = [record.dataKeys, dataKeysOf(pair)];
  // A pair that is where the spec wants it has been put there; notes that say otherwise are not the operator's.
  const places = [wanted, noted];
  const exchanged = places.map(({ ak, sk }) => ({ ak: sk, sk: ak }));
  const found = [...places, ...exchanged].map((keys) => pairIn(live, keys));
  return found.find((one) => one !== undefined && one.ak === knownAk) ?? pairIn(live, noted) ?? pairIn(live, wanted);
}

/** The record as it would be with its notes: with the pair that was found. */
export function withFound(record: SecretRecord, found: KeyPair): SecretRecord {
  return { ...record, pair: withoutSecret(found) };
}

/** What the Secret is to hold when the pair stays: the previous one too, as long as the facts say that it works. */
export function keptValues(live: SecretObject, pair: KeyPair, { previousValidUntil }: PairFacts): SecretValues {
  const previous = previousValidUntil === undefined ? undefined : pairIn(live, previousKeys);
  return { pair, ...(previous && { previous }) };
}

/**
 * A new pair, and what there is to know of it. The pair so far becomes the previous one when the rotation has an
 * overlap; one that was the previous pair until now is over.
 *
 * @param former the pair so far, undefined when it was malformed
 * @param now milliseconds since the epoch
 */
export function newPair(
  pair: KeyPairSpec,
  former: KeyPair | undefined,
  now: number,
): { values: SecretValues; facts: PairFacts } {
  const overlap = durationMs(pair.rotation?.overlap);
  const previous = overlap > 0 ? former : undefined;
  return {
    values: { pair: generateKeyPair(), ...(previous && { previous }) },
    facts: {
      revision: pair.revision ?? 1,
      generatedAt: now,
      previousValidUntil: previous && now + overlap,
    },
  };
}
