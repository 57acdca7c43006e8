/**
 * The pair in the data of a Secret: found, kept or newly generated. Pure except for the random numbers of a new pair.
 */
import { generateKeyPair, type KeyPair } from '../../credential/key-pair.ts';
import { previousKeys } from '../../credential/secret-format.ts';
import { type FetchedSecret, pairAt, type SecretRecord, withoutSecret } from '../../credential/secret-record.ts';
import { durationMs } from '../../kube/duration.ts';
import { type AccessKeyRecord, dataKeysOf, type KeyPairSpec, pairStatusOf } from '../model/access-key-record.ts';
import { newRevision, type PairAtTime, type PairFacts, pairFacts, withoutEndedPrevious } from '../model/pair-facts.ts';
import { pairOf } from '../model/pair-of.ts';
import type { RotationCause, WritingAction } from './actions.ts';
import type { SecretValues } from './desired-secret.ts';

/** What a Secret should contain. */
export interface Content {
  values: SecretValues;
  facts: PairFacts;
}

/** What happened to the pair. */
export type ContentChange =
  | { change: 'updated' }
  | { change: 'rotated'; cause: RotationCause }
  /** `malformed`: the data keys without a valid value. */
  | { change: 'regenerated'; malformed: readonly string[] };

interface PairInFetchedSecret {
  accessKey: AccessKeyRecord;
  pair: KeyPairSpec;
  fetched: FetchedSecret;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Decides the content of a Secret from its current data. */
export function contentFor({
  accessKey,
  action,
  fetched,
  now,
}: Omit<PairInFetchedSecret, 'pair'> & { action: WritingAction }): Content & ContentChange {
  const { pair } = action;
  const any = findKnownPair(accessKey, pair, fetched);
  const found = any && holdsOnlyFormerPair(accessKey, action, fetched, any) ? undefined : any;
  const fresh = { ...pair, revision: newRevision(accessKey, pair) };
  if (action.kind === 'rotate') {
    // Removing the pair has revoked it, so there is no overlap.
    const current = action.cause === 'removed' ? undefined : found;
    return { ...newContent(fresh, current, now), change: 'rotated', cause: action.cause };
  }
  if (!found)
    return { ...newContent(fresh, undefined, now), change: 'regenerated', malformed: fetched.record.malformed };
  const secret = withFound(fetched.record, found);
  const facts = action.kind === 'update' ? action.facts : currentFacts({ accessKey, pair, secret, now });
  return { values: keptValues(fetched, found, facts), facts, change: 'updated' };
}

/**
 * Whether a Secret to recover can only hold a former pair: the status names another Secret and another ak. Keys that are not
 * found by its annotations must not become the pair again.
 */
function holdsOnlyFormerPair(
  accessKey: AccessKeyRecord,
  { kind, pair }: WritingAction,
  { record }: FetchedSecret,
  { ak }: KeyPair,
): boolean {
  const known = pairStatusOf(accessKey, pair.name);
  if (kind !== 'recover' || known?.accessKey === undefined) return false;
  return known.secretName !== record.name && known.accessKey !== ak;
}

function findKnownPair(accessKey: AccessKeyRecord, pair: KeyPairSpec, fetched: FetchedSecret) {
  return findPair({ fetched, pair, knownAk: pairStatusOf(accessKey, pair.name)?.accessKey });
}

/** @returns the content to move to another Secret; undefined if this Secret does not hold the pair */
export function contentToMove({ accessKey, pair, fetched, now }: PairInFetchedSecret): Content | undefined {
  const found = findKnownPair(accessKey, pair, fetched);
  if (!found || fetched.record.ownerUID !== accessKey.uid || fetched.record.deleting) return undefined;
  const secret = withFound(fetched.record, found);
  if (pairOf(accessKey, secret) !== pair) return undefined;
  const facts = currentFacts({ accessKey, pair, secret, now });
  return { values: keptValues(fetched, found, facts), facts };
}

function currentFacts(pairInSecret: PairAtTime): PairFacts {
  return withoutEndedPrevious(pairFacts(pairInSecret), pairInSecret.now);
}

/**
 * Finds the pair even if the annotations of the Secret are lost or wrong. If the ak is known, the pair with it may be
 * under the data keys of the spec or of the annotations, also with ak and sk swapped. Otherwise it is the pair under the
 * keys of the annotations, else of the spec.
 *
 * @param knownAk the ak in the status
 * @returns undefined if there is no pair
 */
export function findPair({
  fetched: { raw, record },
  pair,
  knownAk,
}: {
  fetched: FetchedSecret;
  pair: KeyPairSpec;
  knownAk: string | undefined;
}): KeyPair | undefined {
  const { data = {} } = raw;
  const [annotated, desired] = [record.dataKeys, dataKeysOf(pair)];
  const keys = [desired, annotated];
  const swapped = keys.map(({ ak, sk }) => ({ ak: sk, sk: ak }));
  const found = [...keys, ...swapped].map((one) => pairAt(data, one));
  const known = found.find((one) => one !== undefined && one.ak === knownAk);
  // Without the known pair, the annotations take precedence.
  return known ?? pairAt(data, annotated) ?? pairAt(data, desired);
}

/** Replaces the pair of the record with the one that was found. */
export function withFound(record: SecretRecord, found: KeyPair): SecretRecord {
  return { ...record, pair: withoutSecret(found) };
}

/** The values of a Secret whose pair stays; the previous pair stays as long as it is valid. */
export function keptValues({ raw }: FetchedSecret, current: KeyPair, { previousValidUntil }: PairFacts): SecretValues {
  const previous = previousValidUntil === undefined ? undefined : pairAt(raw.data ?? {}, previousKeys);
  return { current, ...(previous && { previous }) };
}

/**
 * Generates a pair. If the rotation has an overlap, the current pair becomes the previous one; an older previous pair
 * is dropped.
 *
 * @param current undefined if the Secret has no valid pair
 * @param now milliseconds since the epoch
 */
export function newContent(pair: KeyPairSpec, current: KeyPair | undefined, now: number): Content {
  const overlap = durationMs(pair.rotation?.overlap);
  const previous = overlap > 0 ? current : undefined;
  return {
    values: { current: generateKeyPair(), ...(previous && { previous }) },
    facts: {
      revision: pair.revision ?? 1,
      generatedAt: now,
      previousValidUntil: previous && now + overlap,
    },
  };
}
