import type { SecretRecord } from '../../credential/secret-record.ts';
import {
  type AccessKeyRecord,
  dataKeysOf,
  type KeyPairSpec,
  type KeyPairStatus,
  pairStatusOf,
  secretNameOf,
} from '../model/access-key-record.ts';
import {
  isSwapped,
  type PairFacts,
  pairFacts,
  pairOf,
  withoutEndedPrevious,
  withoutFuture,
} from '../model/pair-facts.ts';
import { comingRotation } from '../model/pair-state.ts';
import { desiredMetadata, metadataPatch } from './desired-secret.ts';

/** What a reconcile pass looks at. */
export interface Observed {
  accessKey: AccessKeyRecord;
  /** The AccessKey is deleted or its namespace terminates: its Secrets are the garbage collector's. */
  stopped: boolean;
  /** namespace/name of the AccessKey that holds the claim on the user; undefined when none does. */
  userHolder: string | undefined;
  /** The Secrets that this AccessKey controls, as the watch last told. */
  secrets: readonly SecretRecord[];
}

/** Why a new pair is made in place of a sound one. */
export type RotationCause = 'revision' | 'interval';

/** What is to be done for one pair; `keep` is nothing. */
export type PairAction = { pair: KeyPairSpec } & (
  | { kind: 'keep'; secret: SecretRecord }
  /** Labels, annotations or keys of the data are not as wanted, or the previous pair is over. The pair stays. */
  | { kind: 'update'; secret: SecretRecord; facts: PairFacts }
  /** A new pair in the same Secret, asked for by the spec. */
  | { kind: 'rotate'; secret: SecretRecord; cause: RotationCause }
  /** No pair is found where it is noted to be: look again, and make a new one in the same Secret when there is none. */
  | { kind: 'regenerate'; secret: SecretRecord }
  | Move
);

/** The pair is not in the Secret of the wanted name, though perhaps in another one. */
export interface Move {
  /**
   * - `wait`: the Secret of that name has to go first, it is of a removed pair, or marked for deletion and held by
   *   somebody's finalizer
   * - `conflict`: it is another pair's
   * - `create`: none is known
   */
  kind: 'wait' | 'conflict' | 'create';
  secretName: string;
  /** The Secret that holds the pair now, which it moves over from; undefined when none does. */
  from: SecretRecord | undefined;
  /** Why the pair is to be replaced where it is, before it moves: a rotation does not wait for a name. */
  rotation: RotationCause | undefined;
}

export interface Plan {
  pairs: readonly PairAction[];
  /** Secrets of ours that no pair needs any more. */
  remove: readonly SecretRecord[];
  /** Removed pairs that the status knows, whose Secret is not among those: it may have lost its labels. */
  retired: readonly KeyPairStatus[];
}

/**
 * Decides what the Secrets need. Pure: the same observation at the same time gives the same plan, and a plan that was
 * carried out leads to one that does nothing.
 *
 * An AccessKey without the claim on its user makes no Secret; those it has stay, since a pair is never taken away
 * because of somebody else's object. They are no live pairs (live-pairs.ts).
 *
 * @param now milliseconds since the epoch
 */
export function plan({ accessKey, userHolder, secrets, stopped }: Observed, now: number): Plan {
  if (stopped || userHolder !== accessKey.key) return { pairs: [], remove: [], retired: [] };
  const pairs = accessKey.spec.keyPairs ?? [];
  const remove = secrets.filter((secret) => !secret.deleting && isLeftOver(accessKey, secret, secrets));
  return {
    pairs: pairs.map((pair) => planPair(accessKey, pair, secrets, now)),
    remove,
    retired: retiredPairs(accessKey).filter(({ secretName }) => !remove.some((one) => one.name === secretName)),
  };
}

/** The pairs that the status knows and the spec has no more. */
export function retiredPairs({ spec, status }: Pick<AccessKeyRecord, 'spec' | 'status'>): KeyPairStatus[] {
  const isWanted = (name: string) => spec.keyPairs?.some((pair) => pair.name === name) === true;
  return (status.keyPairs ?? []).filter((known) => known.accessKey !== undefined && !isWanted(known.name));
}

/** What an existing Secret of ours needs to serve its pair. */
export function planSecret(
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
  secret: SecretRecord,
  now: number,
): PairAction {
  if (secret.deleting) return { kind: 'wait', pair, secretName: secret.name, from: undefined, rotation: undefined };
  const isWrong = isMisread(accessKey, pair, secret) || isSwapped(accessKey, pair, secret);
  if (!secret.pair || isWrong) return { kind: 'regenerate', pair, secret };
  const facts = pairFacts(accessKey, pair, secret, now);
  const cause = rotationCause(accessKey, pair, facts, now);
  if (cause) return { kind: 'rotate', pair, secret, cause };
  const current = withoutFuture(pair, withoutEndedPrevious(facts, now), now);
  const isSound =
    !metadataPatch(secret, desiredMetadata(accessKey, pair, current)) && holdsWhatItShould(pair, secret, current);
  return isSound ? { kind: 'keep', pair, secret } : { kind: 'update', pair, secret, facts: current };
}

function planPair(
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
  secrets: readonly SecretRecord[],
  now: number,
): PairAction {
  const secretName = secretNameOf(accessKey, pair);
  const named = secrets.find((one) => one.name === secretName);
  const holds = named && pairOf(accessKey, named);
  if (named && !named.deleting && holds?.name === pair.name) return planSecret(accessKey, pair, named, now);
  const former = formerSecret(accessKey, pair, secrets);
  const here = former && planSecret(accessKey, pair, former, now);
  // One whose notes lead to another pair than the known one is read again for the move (take-over.ts), and never shown:
  // what it takes for the ak may be the sk.
  const from = here?.kind === 'regenerate' ? undefined : former;
  const rotation = here?.kind === 'rotate' ? here.cause : undefined;
  // A removed pair's Secret goes: removing a pair revokes its keys, so no other pair inherits them.
  const kind = !named ? 'create' : named.deleting || !holds ? 'wait' : 'conflict';
  return { kind, pair, secretName, from, rotation };
}

/** The Secret that a pair moves over from; of several the one whose ak the status knows. */
function formerSecret(
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
  secrets: readonly SecretRecord[],
): SecretRecord | undefined {
  const held = secrets.filter((one) => one.pair && !one.deleting && pairOf(accessKey, one)?.name === pair.name);
  const known = pairStatusOf(accessKey, pair.name)?.accessKey;
  return held.find((one) => one.pair?.ak === known) ?? held[0];
}

/** What the notes, or the default keys where they are lost, lead to is not the pair that the status knows. */
function isMisread(accessKey: AccessKeyRecord, pair: KeyPairSpec, secret: SecretRecord): boolean {
  const known = pairStatusOf(accessKey, pair.name)?.accessKey;
  return !isUnderItsKeys(pair, secret) && known !== undefined && known !== secret.pair?.ak;
}

function rotationCause(
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
  facts: PairFacts,
  now: number,
): RotationCause | undefined {
  // A revision cannot be lowered. A lower one is that of a pair which was removed and added again: a new pair as well.
  if ((pair.revision ?? 1) !== facts.revision) return 'revision';
  const due = comingRotation(accessKey, pair, facts, now);
  return due !== undefined && now >= due ? 'interval' : undefined;
}

function holdsWhatItShould(pair: KeyPairSpec, secret: SecretRecord, facts: PairFacts): boolean {
  return isUnderItsKeys(pair, secret) && secret.holdsPrevious === (facts.previousValidUntil !== undefined);
}

/** Whether the notes say that the pair is where the spec wants it. */
function isUnderItsKeys(pair: KeyPairSpec, { dataKeys }: SecretRecord): boolean {
  const wanted = dataKeysOf(pair);
  return wanted.ak === dataKeys.ak && wanted.sk === dataKeys.sk;
}

/** A Secret of a removed pair, or of a pair's former name once the Secret of the new name holds a pair. */
function isLeftOver(accessKey: AccessKeyRecord, secret: SecretRecord, secrets: readonly SecretRecord[]): boolean {
  const pair = pairOf(accessKey, secret);
  if (!pair) return true;
  const wanted = secretNameOf(accessKey, pair);
  if (secret.name === wanted) return false;
  return secrets.some((one) => one.name === wanted && one.pair && !one.deleting && pairOf(accessKey, one) === pair);
}
