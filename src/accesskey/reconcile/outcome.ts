import type { SecretRecord } from '../../credential/secret-record.ts';
import type { KubernetesError } from '../../kube/errors.ts';
import type { AccessKeyRecord, KeyPairSpec } from '../model/access-key-record.ts';
import type { RotationCause } from './plan.ts';
import type { SecretApi } from './secret-api.ts';

/** What a pass did for one pair; `lost` means that status knew a pair and its Secret was gone. */
export type PairChange = 'none' | 'created' | 'adopted' | 'moved' | 'updated' | 'rotated' | 'regenerated' | 'lost';

/** Why a pair has not got what the spec wants. */
export interface PairProblem {
  reason: 'SecretConflict' | 'SecretTerminating' | 'SecretFailed';
  message: string;
  /** The beginning of the message that stays the same when the same thing fails again. */
  stable?: string;
  /** What the API server answered, when it is to be tried again. */
  error?: KubernetesError;
}

/** What became of one pair. */
export interface PairOutcome {
  pair: KeyPairSpec;
  /** Name of the Secret that is wanted, or that holds the pair as yet. */
  secretName: string;
  /** The Secret that holds the pair; undefined when none does. */
  secret?: SecretRecord;
  change: PairChange;
  cause?: RotationCause;
  /** The data keys that were malformed, when it was regenerated. */
  malformed?: readonly string[];
  /** The Secret that was gone, when the pair was lost. */
  lostSecretName?: string;
  problem?: PairProblem;
}

export interface PlanOutcome {
  pairs: readonly PairOutcome[];
  /** Secrets of no pair any more that the API server did not let go. */
  notRemoved: readonly { secretName: string; error: KubernetesError }[];
}

/** Told of each change as soon as it is made, since the pass may break off after it. */
export interface Progress {
  changed(outcome: PairOutcome): void;
  removed(secretName: string): void;
}

/** What the steps of one pass share. */
export interface Scope {
  api: SecretApi;
  accessKey: AccessKeyRecord;
  progress: Progress;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Statuses that say something of the API server and nothing of the Secret. */
const statusesOfServer = new Set([401, 429, 502, 503, 504]);

/** Whether the whole pass is to be tried again, since the error says nothing of the Secret that was written. */
export function isOfServer({ status }: KubernetesError): boolean {
  return statusesOfServer.has(status);
}

/** Deletes a Secret that no pair needs any more, and tells it. */
export async function removeSecret({ api, progress }: Scope, secret: SecretRecord): Promise<void> {
  if (await api.remove(secret)) progress.removed(secret.name);
}

/** The Secret of the wanted name goes by itself or with somebody's finalizer; nothing is to be done but to wait. */
export function terminating(secretName: string): PairProblem {
  return { reason: 'SecretTerminating', message: `Secret ${secretName} has to go first, perhaps a finalizer holds it` };
}

/** The outcome of a pair whose Secret cannot be had; `held` is what goes on holding the pair, if anything does. */
export function outcomeWithProblem(
  pair: KeyPairSpec,
  secretName: string,
  problem: PairProblem,
  held?: SecretRecord,
): PairOutcome {
  const secret = held?.pair && !held.deleting ? { secret: held } : {};
  return { pair, secretName, ...secret, change: 'none', problem };
}
