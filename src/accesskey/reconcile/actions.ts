/** What a reconcile decides to do; plan.ts and resolve-create.ts decide, apply.ts executes. */
import type { FetchedSecret, SecretRecord } from '../../credential/secret-record.ts';
import type { KeyPairSpec, KeyPairStatus } from '../model/access-key-record.ts';
import type { PairFacts } from '../model/pair-facts.ts';

/** Why a valid pair is replaced with a new one; `removed`: the pair was removed from the spec and added again. */
export type RotationCause = 'revision' | 'interval' | 'removed';

/** The next step for a pair whose Secret has the desired name. */
export type SecretAction = { pair: KeyPairSpec; secret: SecretRecord } & (
  | { kind: 'keep' }
  /** Fix labels, annotations or data keys, or remove an ended previous pair. The pair stays. */
  | { kind: 'update'; facts: PairFacts }
  /** Generate a new pair in the same Secret. */
  | { kind: 'rotate'; cause: RotationCause }
  /** The pair is not where the annotations say: find it in the data, or generate a new one. */
  | { kind: 'recover' }
  /** Do not write yet, because the last writes did not last. */
  | { kind: 'hold'; instead: 'update' | 'rotate' | 'recover' }
);

/** A step that patches the Secret of a pair. */
export type WritingAction = Exclude<SecretAction, { kind: 'keep' | 'hold' }>;

/** The next step for a pair that is not in the Secret of the desired name. */
export interface Placement {
  pair: KeyPairSpec;
  /**
   * - `create`: no Secret of the desired name is cached
   * - `wait`: the Secret of that name must be deleted first: it belongs to a removed pair, is superseded, or a
   *   finalizer keeps it
   * - `conflict`: the Secret of that name belongs to another pair, or another AccessKey is about to create it again
   */
  kind: 'create' | 'wait' | 'conflict';
  secretName: string;
  /** The Secret that holds the pair now; undefined if none does. */
  from: SecretRecord | undefined;
  /** For a `conflict`: the pair of another AccessKey that the name belongs to. */
  nameHolder?: string;
  /** Why the pair must be rotated in `from` before it moves; a rotation does not wait for the new name. */
  rotation: RotationCause | undefined;
}

export type PairAction = SecretAction | (Placement & { kind: 'create' }) | (Placement & { kind: 'wait' | 'conflict' });

/** A step that is known only after the API server was asked for the Secret of the desired name. */
export type ResolvedAction =
  /** Delete this Secret, which no pair needs, and create the desired one. */
  | (Omit<Placement, 'kind'> & { kind: 'replace'; secret: SecretRecord })
  /** Take over a Secret that a person has marked for adoption. */
  | (Omit<Placement, 'kind'> & { kind: 'adopt'; fetched: FetchedSecret })
  /** The Secret does not belong to this AccessKey. */
  | (Omit<Placement, 'kind'> & { kind: 'reject'; message: string });

/** A step that cannot be taken until something else changes. */
export type BlockedAction = (Placement & { kind: 'wait' | 'conflict' }) | Extract<ResolvedAction, { kind: 'reject' }>;

export interface Plan {
  pairs: readonly PairAction[];
  /** Cached Secrets of the AccessKey that no pair needs. */
  remove: readonly SecretRecord[];
  /** Removed pairs in the status whose Secret is not in `remove`, because it is not cached yet. */
  removedPairs: readonly KeyPairStatus[];
}

export function isPlacement(action: PairAction): action is Exclude<PairAction, SecretAction> {
  return action.kind === 'create' || action.kind === 'wait' || action.kind === 'conflict';
}
