import { type SecretRecord, toSecretRecord } from '../../credential/secret-record.ts';
import { KubernetesError } from '../../kube/errors.ts';
import { type KeyPairSpec, secretNameOf } from '../model/access-key-record.ts';
import { pairOf } from '../model/pair-facts.ts';
import { isOfServer, type PlanOutcome, removeSecret, type Scope } from './outcome.ts';
import type { Plan } from './plan.ts';
import { StaleCacheError } from './secret-api.ts';

/**
 * Deletes the Secrets that no pair needs any more.
 *
 * @returns those that the API server did not let go
 */
export async function removeAll(scope: Scope, { remove, retired }: Plan): Promise<PlanOutcome['notRemoved']> {
  const failed: { secretName: string; error: KubernetesError }[] = [];
  const attempt = async (secretName: string, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof KubernetesError) || isOfServer(error)) throw error;
      failed.push({ secretName, error });
    }
  };
  for (const secret of remove) await attempt(secret.name, () => removeLeftOver(scope, secret));
  for (const { secretName } of retired) await attempt(secretName, () => removeRetired(scope, secretName));
  return failed;
}

/**
 * A pair that moved is to be in the Secret of the new name before the former one goes. The cache may show one there that
 * has gone since, while the pair moved to and fro, so the API server is asked.
 *
 * @throws StaleCacheError when the pair is not there
 */
async function removeLeftOver(scope: Scope, secret: SecretRecord): Promise<void> {
  const pair = pairOf(scope.accessKey, secret);
  if (pair && !(await isInPlace(scope, pair))) throw new StaleCacheError(`Secret ${secret.key} holds the pair alone`);
  await removeSecret(scope, secret);
}

async function isInPlace({ api, accessKey }: Scope, pair: KeyPairSpec): Promise<boolean> {
  const live = await api.read(accessKey.namespace, secretNameOf(accessKey, pair));
  const record = live && toSecretRecord(live);
  if (!record?.pair || record.deleting) return false;
  return record.ownerUID === accessKey.uid && pairOf(accessKey, record) === pair;
}

/** The Secret of a removed pair, though it may have lost the labels by which it is watched. */
async function removeRetired(scope: Scope, secretName: string): Promise<void> {
  const { api, accessKey } = scope;
  const live = await api.read(accessKey.namespace, secretName);
  const record = live && toSecretRecord(live);
  if (!record || record.ownerUID !== accessKey.uid || record.deleting) return;
  if (!pairOf(accessKey, record)) await removeSecret(scope, record);
}
