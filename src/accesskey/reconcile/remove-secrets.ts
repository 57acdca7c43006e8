import type { SecretRecord } from '../../credential/secret-record.ts';
import type { KubernetesError } from '../../kube/errors.ts';
import { secretNameOf } from '../model/access-key-record.ts';
import { pairOf } from '../model/pair-facts.ts';
import type { Plan } from './actions.ts';
import type { PlanOutcome } from './outcome.ts';
import { removeSecret, type Scope, secretErrorOf } from './scope.ts';
import { StaleCacheError } from './secret-api.ts';
import { isInPlace, isRetired } from './unneeded-secrets.ts';

/**
 * Deletes the Secrets that no pair needs.
 *
 * @returns the Secrets that could not be deleted
 */
export async function removeSecrets(scope: Scope, { remove, retired }: Plan): Promise<PlanOutcome['notRemoved']> {
  const failed: { secretName: string; error: KubernetesError }[] = [];
  const attempt = async (secretName: string, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      failed.push({ secretName, error: secretErrorOf(error) });
    }
  };
  for (const secret of remove) await attempt(secret.name, () => removeUnneeded(scope, secret));
  for (const { secretName } of retired) await attempt(secretName, () => removeRetired(scope, secretName));
  return failed;
}

/**
 * Asks the API server first whether a moved pair is in its new Secret. The cached new Secret may already be gone if the
 * pair moved back and forth.
 *
 * @throws StaleCacheError if the pair is not there
 */
async function removeUnneeded(scope: Scope, secret: SecretRecord): Promise<void> {
  const { api, accessKey } = scope;
  const pair = pairOf(accessKey, secret);
  if (pair) {
    const live = await api.read(accessKey.namespace, secretNameOf(accessKey, pair));
    if (!live || !isInPlace(accessKey, pair, live.record)) {
      throw new StaleCacheError(`Secret ${secret.key} is the only one with its key pair`);
    }
  }
  await removeSecret(scope, secret);
}

/** Deletes the Secret of a removed pair by name, because the cache may not show it yet. */
async function removeRetired(scope: Scope, secretName: string): Promise<void> {
  const { api, accessKey } = scope;
  const live = await api.read(accessKey.namespace, secretName);
  if (live && isRetired(accessKey, live.record)) await removeSecret(scope, live.record);
}
