/** What the steps of one reconcile share. */
import type { SecretRecord } from '../../credential/secret-record.ts';
import type { AccessKeyRecord } from '../model/access-key-record.ts';
import type { PairOutcome } from './outcome.ts';
import type { SecretApi } from './secret-api.ts';

/** Called as soon as a step is done, because the reconcile may fail later. */
export interface Progress {
  /** The pair was reconciled; its change may be `none`. */
  changed(outcome: PairOutcome): void;
  removed(secretName: string): void;
}

export interface Scope {
  api: SecretApi;
  accessKey: AccessKeyRecord;
  progress: Progress;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Deletes a Secret that no pair needs and reports it. */
export async function removeSecret({ api, progress }: Scope, secret: SecretRecord): Promise<void> {
  if (await api.remove(secret)) progress.removed(secret.name);
}
