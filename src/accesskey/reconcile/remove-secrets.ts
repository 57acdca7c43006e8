import type { SecretRecord } from '../../credential/secret-record.ts';
import { type KeyPairSpec, secretNameOf } from '../model/access-key-record.ts';
import { pairOf } from '../model/pair-facts.ts';
import { isSuperseded } from '../model/superseded.ts';
import type { Plan } from './actions.ts';
import type { NotRemoved, PlanOutcome } from './outcome.ts';
import { readOwnSecrets, removeSecret, type Scope } from './scope.ts';
import { StaleCacheError, secretErrorOf } from './secret-errors.ts';
import { isInPlace, isOfRemovedPair } from './unneeded-secrets.ts';

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
 * Asks the API server first whether the pair is in another Secret. The cached one may already be gone if the pair moved
 * back and forth.
 *
 * @throws StaleCacheError if the pair is not there
 */
async function removeUnneeded(scope: Scope, secret: SecretRecord): Promise<void> {
  const { accessKey } = scope;
  const pair = pairOf(accessKey, secret);
  const isNamed = pair && secret.name === secretNameOf(accessKey, pair);
  const isUnneeded =
    !pair || (await (isNamed ? isStillSuperseded(scope, pair, secret) : hasMoved(scope, pair, secret)));
  if (!isUnneeded) throw new StaleCacheError(`Secret ${secret.key} is the only one with its key pair`);
  await removeSecret(scope, secret);
}

/**
 * Whether the Secret of the desired name is superseded according to the API server. The status decides, so it must be the
 * current one.
 */
async function isStillSuperseded(scope: Scope, pair: KeyPairSpec, secret: SecretRecord): Promise<boolean> {
  const { api, accessKey } = scope;
  await api.confirmStatus(accessKey);
  const current = (await readOwnSecrets(scope)).map(({ record }) => record);
  return isSuperseded({ accessKey, pair, secret }, current);
}

/** Whether the pair is in the Secret of the desired name. */
async function hasMoved({ api, accessKey }: Scope, pair: KeyPairSpec, secret: SecretRecord): Promise<boolean> {
  const fetched = await api.read(accessKey.namespace, secretNameOf(accessKey, pair));
  return fetched !== undefined && isInPlace({ accessKey, pair, secret: fetched.record }, [secret]);
}

/** Deletes the Secret of a removed pair by name, because the cache may not show it yet. */
async function removeSecretOfRemovedPair(scope: Scope, secretName: string): Promise<void> {
  const { api, accessKey } = scope;
  const fetched = await api.read(accessKey.namespace, secretName);
  if (fetched && isOfRemovedPair(accessKey, fetched.record)) await removeSecret(scope, fetched.record);
}
