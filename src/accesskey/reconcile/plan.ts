import type { SecretRecord } from '../../credential/secret-record.ts';
import { type AccessKeyRecord, type KeyPairSpec, pairStatusOf, secretNameOf } from '../model/access-key-record.ts';
import {
  isRevisionRaised,
  limitToNow,
  type PairAtTime,
  type PairFacts,
  type PairInSecret,
  pairFacts,
  withoutEndedPrevious,
} from '../model/pair-facts.ts';
import { isSwapped, pairOf } from '../model/pair-of.ts';
import { plannedRotationAt } from '../model/pair-state.ts';
import { isSuperseded, mayRotateIn } from '../model/superseded.ts';
import type { PairAction, Placement, Plan, RotationCause, SecretAction } from './actions.ts';
import { desiredMetadata, hasDesiredData, hasDesiredKeys, metadataPatch } from './desired-secret.ts';
import { hold } from './hold.ts';
import type { HeldFields } from './overrides.ts';
import { removedPairs, unneededSecrets } from './unneeded-secrets.ts';

/** The input of a reconcile. */
export interface Observed {
  accessKey: AccessKeyRecord;
  /**
   * The AccessKey or its namespace is being deleted; the garbage collector deletes the Secrets. The controller does not
   * plan then; if something else does, the plan is empty.
   */
  beingDeleted: boolean;
  /** namespace/name of the AccessKey that holds the user; undefined if none does. */
  userHolder: string | undefined;
  /** The cached Secrets that this AccessKey controls. */
  secrets: readonly SecretRecord[];
  /**
   * Names of Secrets that belong to a pair of another AccessKey, with that pair. While such a Secret is missing, only
   * the other AccessKey creates it again.
   */
  nameHolders?: ReadonlyMap<string, string>;
  /** Fields whose value did not last and that must not be written yet. */
  held?: HeldFields;
}

/**
 * Decides what the Secrets need. Pure: the same input gives the same plan, and after a plan was applied the next one
 * does nothing.
 *
 * An AccessKey that does not hold its user creates no Secret. It keeps its Secrets, because another AccessKey must not
 * cause the deletion of a key pair; their pairs are not live (pair-lookup.ts).
 *
 * @param now milliseconds since the epoch
 */
export function plan(observed: Observed, now: number): Plan {
  const { accessKey, userHolder, secrets, beingDeleted, nameHolders, held = new Map() } = observed;
  if (beingDeleted || userHolder !== accessKey.key) return { pairs: [], remove: [], removedPairs: [] };
  const pairs = accessKey.spec.keyPairs ?? [];
  const remove = unneededSecrets(accessKey, secrets);
  return {
    pairs: pairs.map((pair) => hold(accessKey, planPair({ accessKey, pair, secrets, nameHolders, now }), held)),
    remove,
    removedPairs: removedPairs(accessKey).filter(({ secretName }) => !remove.some((one) => one.name === secretName)),
  };
}

function planPair({
  accessKey,
  pair,
  secrets,
  nameHolders,
  now,
}: Omit<PairAtTime, 'secret'> & Pick<Observed, 'secrets'> & { nameHolders: Observed['nameHolders'] }): PairAction {
  const secretName = secretNameOf(accessKey, pair);
  const named = secrets.find((one) => one.name === secretName);
  const pairOfNamed = named && pairOf(accessKey, named);
  const isOwn = named && !named.deleting && pairOfNamed?.name === pair.name;
  if (isOwn && !isSuperseded({ accessKey, pair, secret: named }, secrets)) {
    return planSecret({ accessKey, pair, secret: named, secrets, now });
  }
  const former = formerSecret(accessKey, pair, secrets);
  const inFormer = former && planSecret({ accessKey, pair, secret: former, secrets, now });
  // `recover` means that the annotations of the former Secret are wrong: its cached ak may be the sk, and must not get
  // into the status. So `from` stays unset, and create-secret.ts reads the Secret again.
  const from = inFormer?.kind === 'recover' ? undefined : former;
  const rotation = inFormer?.kind === 'rotate' ? inFormer.cause : undefined;
  const placement = { kind: placementKind(pair, named, pairOfNamed), pair, secretName, from, rotation };
  const nameHolder = nameHolders?.get(secretName);
  return placement.kind === 'create' && nameHolder !== undefined
    ? { ...placement, kind: 'conflict', nameHolder }
    : placement;
}

/**
 * The Secret of a removed pair is deleted first: removing a pair revokes its keys, so no other pair inherits them. A
 * superseded Secret of this pair is deleted first as well.
 */
function placementKind(
  pair: KeyPairSpec,
  named: SecretRecord | undefined,
  pairOfNamed: KeyPairSpec | undefined,
): Placement['kind'] {
  if (!named) return 'create';
  const isOfOther = !named.deleting && pairOfNamed !== undefined && pairOfNamed.name !== pair.name;
  return isOfOther ? 'conflict' : 'wait';
}

/**
 * Decides the next step for a Secret, not being deleted, that holds the pair or should hold it.
 *
 * @param options.secrets the known Secrets of the AccessKey
 */
export function planSecret({
  accessKey,
  pair,
  secret,
  secrets,
  now,
}: PairAtTime & Pick<Observed, 'secrets'>): SecretAction {
  const found = { accessKey, pair, secret };
  const isWrong = hasOtherPair(found) || isSwapped(found);
  if (!secret.pair || isWrong) return { kind: 'recover', pair, secret };
  const facts = pairFacts({ ...found, now });
  const cause = rotationCause({ accessKey, pair, facts, now });
  if (cause && mayRotateIn(found, secrets)) return { kind: 'rotate', pair, secret, cause };
  const current = limitToNow(pair, withoutEndedPrevious(facts, now), now);
  const isSound =
    !metadataPatch(secret, desiredMetadata(accessKey, pair, current)) && hasDesiredData(pair, secret, current);
  return isSound ? { kind: 'keep', pair, secret } : { kind: 'update', pair, secret, facts: current };
}

/**
 * The Secret, with another name than the desired one, that the pair moves from. If several hold it, the one that the
 * status names, else the one whose ak is in the status.
 */
function formerSecret(
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
  secrets: readonly SecretRecord[],
): SecretRecord | undefined {
  const holding = secrets.filter(
    (one) =>
      one.pair &&
      !one.deleting &&
      pairOf(accessKey, one)?.name === pair.name &&
      !isSuperseded({ accessKey, pair, secret: one }, secrets),
  );
  const known = pairStatusOf(accessKey, pair.name);
  const isNamed = ({ name }: SecretRecord) => known?.accessKey !== undefined && name === known.secretName;
  return holding.find(isNamed) ?? holding.find((one) => one.pair?.ak === known?.accessKey) ?? holding[0];
}

/**
 * Whether the data keys in the annotations (the default ones if these are lost) are not those of the spec, and hold
 * another pair than the one in the status.
 */
function hasOtherPair({ accessKey, pair, secret }: PairInSecret): boolean {
  const known = pairStatusOf(accessKey, pair.name)?.accessKey;
  return !hasDesiredKeys(pair, secret) && known !== undefined && known !== secret.pair?.ak;
}

function rotationCause({
  accessKey,
  pair,
  facts,
  now,
}: Omit<PairAtTime, 'secret'> & { facts: PairFacts }): RotationCause | undefined {
  if (facts.removed) return 'removed';
  if (isRevisionRaised(pair, facts)) return 'revision';
  const due = plannedRotationAt({ accessKey, pair, facts, now });
  return due !== undefined && now >= due ? 'interval' : undefined;
}
