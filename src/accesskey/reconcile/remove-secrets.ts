import type { SecretRecord } from '../../credential/secret-record.ts';
import { pairStatusOf, secretNameOf } from '../model/access-key-record.ts';
import { pairOf } from '../model/pair-facts.ts';
import type { Plan } from './actions.ts';
import type { NotRemoved, PlanOutcome } from './outcome.ts';
import { removeSecret, type Scope } from './scope.ts';
import { StaleCacheError, secretErrorOf } from './secret-errors.ts';
import { isOfRemovedPair, isUnneeded } from './unneeded-secrets.ts';

/**
 * Deletes the Secrets that no pair needs.
 *
 * @returns the Secrets that could not be deleted
 */
export async function removeSecrets(scope: Scope, { remove, removedPairs }: Plan): Promise<PlanOutcome['notRemoved']> {
  const failed: NotRemoved[] = [];
  const attempt = async (one: Omit<NotRemoved, 'error'>, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      failed.push({ ...one, error: secretErrorOf(error) });
    }
  };
  for (const secret of remove) await attempt({ secretName: secret.name, secret }, () => removeUnneeded(scope, secret));
  for (const { secretName } of removedPairs)
    await attempt({ secretName }, () => removeSecretOfRemovedPair(scope, secretName));
  return failed;
}

/**
 * Asks the API server first for the Secrets that can hold the pair instead. The cached one may already be gone if the
 * pair moved back and forth.
 *
 * @throws StaleCacheError if the pair is not there
 */
async function removeUnneeded(scope: Scope, secret: SecretRecord): Promise<void> {
  const { api, accessKey } = scope;
  const pair = pairOf(accessKey, secret);
  const names = pair ? [secretNameOf(accessKey, pair), pairStatusOf(accessKey, pair.name)?.secretName] : [];
  const current = [secret];
  for (const name of new Set(names)) {
    const fetched = name === undefined || name === secret.name ? undefined : await api.read(accessKey.namespace, name);
    if (fetched) current.push(fetched.record);
  }
  if (!isUnneeded(accessKey, secret, current)) {
    throw new StaleCacheError(`Secret ${secret.key} is the only one with its key pair`);
  }
  await removeSecret(scope, secret);
}

/** Deletes the Secret of a removed pair by name, because the cache may not show it yet. */
async function removeSecretOfRemovedPair(scope: Scope, secretName: string): Promise<void> {
  const { api, accessKey } = scope;
  const fetched = await api.read(accessKey.namespace, secretName);
  if (fetched && isOfRemovedPair(accessKey, fetched.record)) await removeSecret(scope, fetched.record);
}
