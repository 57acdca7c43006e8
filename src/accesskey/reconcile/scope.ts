/** What the steps of one reconcile share. */
import type { FetchedSecret, SecretRecord } from '../../credential/secret-record.ts';
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
  /** Whether a Secret of this name may belong to the AccessKey, see `mayOwn`. */
  mayOwn: (secretName: string) => boolean;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Reads the Secrets that the AccessKey owns from the API server, because the cache can be behind. */
export async function readOwnSecrets({ api, accessKey, mayOwn }: Scope): Promise<FetchedSecret[]> {
  const { namespace, uid } = accessKey;
  const own: FetchedSecret[] = [];
  for (const name of (await api.names(namespace)).filter(mayOwn)) {
    const fetched = await api.read(namespace, name);
    if (fetched?.record.ownerUID === uid) own.push(fetched);
  }
  return own;
}

/** Deletes a Secret that no pair needs and reports it. */
export async function removeSecret({ api, progress }: Scope, secret: SecretRecord): Promise<void> {
  if (await api.remove(secret)) progress.removed(secret.name);
}
