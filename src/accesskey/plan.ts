import { annotations as notes, type SecretRecord } from '../credential/secret-record.ts';
import { type AccessKeyRecord, dataKeysOf, type KeyPairSpec, pairStatusOf, secretNameOf } from './access-key-record.ts';
import { desiredMetadata, metadataPatch } from './desired-secret.ts';
import { isExchanged, type PairFacts, pairFacts, pairOf, withoutEndedPrevious } from './pair-facts.ts';
import { isLive, nextRotationOf } from './pair-state.ts';

/** What a reconcile pass looks at. */
export interface Observed {
  accessKey: AccessKeyRecord;
  /** The AccessKey is deleted or its namespace terminates: its Secrets are the garbage collector's. */
  stopped: boolean;
  /** namespace/name of the AccessKey that holds the claim on the user; undefined when none does. */
  claimHolder: string | undefined;
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
  | { kind: 'rotate'; secret: SecretRecord; facts: PairFacts; cause: RotationCause }
  /** No pair is found where it is noted to be: look again, and make a new one in the same Secret when there is none. */
  | { kind: 'regenerate'; secret: SecretRecord }
  /** The Secret has to go first: it is marked for deletion and held by somebody's finalizer, or of a removed pair. */
  | { kind: 'wait'; secret: SecretRecord }
  /** The wanted name is that of another pair's Secret. */
  | { kind: 'occupied'; secretName: string; from: SecretRecord | undefined }
  /** No Secret is known; with `from`, the pair moves over from the Secret of its former name. */
  | { kind: 'create'; secretName: string; from: SecretRecord | undefined }
);

export interface Plan {
  pairs: readonly PairAction[];
  /** Secrets of ours that no pair needs any more. */
  remove: readonly SecretRecord[];
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
export function plan({ accessKey, claimHolder, secrets, stopped }: Observed, now: number): Plan {
  if (stopped || claimHolder !== accessKey.key) return { pairs: [], remove: [] };
  const pairs = accessKey.spec.keyPairs ?? [];
  return {
    pairs: pairs.map((pair) => planPair(accessKey, pair, secrets, now)),
    remove: secrets.filter((secret) => !secret.deleting && isLeftOver(accessKey, secret, secrets)),
  };
}

/** What an existing Secret of ours needs to serve its pair. */
export function planSecret(
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
  secret: SecretRecord,
  now: number,
): PairAction {
  if (secret.deleting) return { kind: 'wait', pair, secret };
  const isWrong = isMisread(accessKey, pair, secret) || isExchanged(accessKey, pair, secret);
  if (!secret.pair || isWrong) return { kind: 'regenerate', pair, secret };
  const facts = pairFacts(accessKey, pair, secret);
  const cause = rotationCause(accessKey, pair, facts, now);
  if (cause) return { kind: 'rotate', pair, secret, facts, cause };
  const current = withoutEndedPrevious(facts, now);
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
  if (named && holds?.name === pair.name) return planSecret(accessKey, pair, named, now);
  // Of a pair that the spec has no more: removing a pair revokes its keys, so no other pair inherits them.
  if (named && !holds) return { kind: 'wait', pair, secret: named };
  const from = formerSecret(accessKey, pair, secrets);
  return { kind: named ? 'occupied' : 'create', pair, secretName, from };
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

/** The notes of where the pair is are lost, and what is under the default keys is not the pair that the status knows. */
function isMisread(accessKey: AccessKeyRecord, pair: KeyPairSpec, { annotations, ...secret }: SecretRecord): boolean {
  const known = pairStatusOf(accessKey, pair.name)?.accessKey;
  const isNoted = notes.akKey in annotations && notes.skKey in annotations;
  return !isNoted && known !== undefined && known !== secret.pair?.ak;
}

function rotationCause(
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
  facts: PairFacts,
  now: number,
): RotationCause | undefined {
  if ((pair.revision ?? 1) > facts.revision) return 'revision';
  const due = nextRotationOf(pair, facts);
  return due !== undefined && now >= due && isLive(accessKey, pair, now) ? 'interval' : undefined;
}

function holdsWhatItShould(pair: KeyPairSpec, secret: SecretRecord, facts: PairFacts): boolean {
  const keys = dataKeysOf(pair);
  const isUnderItsKeys = keys.ak === secret.dataKeys.ak && keys.sk === secret.dataKeys.sk;
  return isUnderItsKeys && secret.holdsPrevious === (facts.previousValidUntil !== undefined);
}

/** A Secret of a removed pair, or of a pair's former name once the Secret of the new name holds a pair. */
function isLeftOver(accessKey: AccessKeyRecord, secret: SecretRecord, secrets: readonly SecretRecord[]): boolean {
  const pair = pairOf(accessKey, secret);
  if (!pair) return true;
  const wanted = secretNameOf(accessKey, pair);
  if (secret.name === wanted) return false;
  return secrets.some((one) => one.name === wanted && one.pair && !one.deleting && pairOf(accessKey, one) === pair);
}
