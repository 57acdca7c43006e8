import type { SecretRecord } from '../../credential/secret-record.ts';
import type { KubernetesError } from '../../kube/errors.ts';
import type { KeyPairSpec } from '../model/access-key-record.ts';
import type { PairFacts } from '../model/pair-facts.ts';
import type { RotationCause } from './actions.ts';

/**
 * What a reconcile did for one pair; `lost`: the status has the pair, its Secret was gone, and a new pair was created;
 * `replaced`: something else has written another pair into the Secret.
 */
export type PairChange =
  | 'none'
  | 'created'
  | 'adopted'
  | 'moved'
  | 'updated'
  | 'rotated'
  | 'regenerated'
  | 'lost'
  | 'replaced';

/** Why a pair is not as the spec requires. */
export interface PairProblem {
  reason:
    | 'SecretConflict'
    | 'SecretTerminating'
    | 'SecretFailed'
    | 'SecretNotWatched'
    | 'SecretOverridden'
    | 'SigningKeysMissing';
  message: string;
  /** Start of the message of an error, which is the same in each attempt for the same Secret. */
  stablePrefix?: string;
  /**
   * Retrying cannot help: a person must change the Secret or the spec. Not set for SecretConflict, which always makes the
   * AccessKey Stalled (verdict.ts).
   */
  stalled?: boolean;
  /** The response of the API server; the reconcile is retried. */
  error?: KubernetesError;
}

/** A field that a write has changed to the desired value. */
export interface Repair {
  field: string;
  /** The desired value of a label or annotation; null if it was removed. */
  value?: string | null | undefined;
  /** The field manager that had set the other value; undefined if unknown. */
  manager?: string | undefined;
}

/** The result of a write to a Secret. */
export interface Write {
  repaired: readonly Repair[];
  /** Fields that the stored Secret does not have as they were sent, because admission has changed them. */
  reverted: readonly string[];
}

/** The result for one pair. */
export interface PairOutcome {
  pair: KeyPairSpec;
  /**
   * Name of the Secret that the step was about: the desired one, or the former one if a rotation before the move
   * failed.
   */
  secretName: string;
  /** The Secret that holds the pair; undefined if none does. */
  secret?: SecretRecord;
  /**
   * What was sent about the pair, if the Secret was written. The stored annotations can differ, because an admission policy
   * changes them; but then the pair must not seem to be as old as before its rotation, and be rotated again.
   */
  facts?: PairFacts;
  change: PairChange;
  /** Set if the pair was rotated. */
  cause?: RotationCause;
  /** Data keys without a valid value, if the pair was regenerated. */
  malformed?: readonly string[];
  /** The Secret that was gone, if the pair was lost. */
  lostSecretName?: string;
  /** The field manager that replaced the pair or marked the Secret for adoption, if known. */
  manager?: string | undefined;
  /** Set if the Secret was written. */
  write?: Write;
  /** The pair is not as the spec requires, because what the operator writes does not last (overrides.ts). */
  overridden?: boolean;
  problem?: PairProblem;
}

/** A Secret that could not be deleted. */
export interface NotRemoved {
  secretName: string;
  /** Undefined if the Secret of a removed pair is not cached. */
  secret?: SecretRecord;
  /** The API server has shown that the pair is in another Secret, with another ak. */
  superseded?: boolean;
  error: KubernetesError;
}

/** The result of applying a plan. */
export interface PlanOutcome {
  pairs: readonly PairOutcome[];
  /** The pairs in the Secrets that the AccessKey keeps although another one holds its user: only their tokens are removed. */
  kept?: readonly PairOutcome[];
  /** Unneeded Secrets that could not be deleted. */
  notRemoved: readonly NotRemoved[];
  /** Which fields of the Secrets are overridden, and by what; undefined if none is. */
  overrides?: string | undefined;
}

/** The results for all pairs, also in Secrets that are only kept. */
export function allPairs({ pairs, kept = [] }: Pick<PlanOutcome, 'pairs' | 'kept'>): PairOutcome[] {
  return [...pairs, ...kept];
}
