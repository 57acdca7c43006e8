import type { SecretRecord } from '../../credential/secret-record.ts';
import { type KeyPairSpec, pairStatusOf, secretNameOf } from '../model/access-key-record.ts';
import { pairOf } from '../model/pair-of.ts';
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
  for (const secret of remove) {
    let superseded = false;
    try {
      superseded = await confirmUnneeded(scope, secret);
      await removeSecret(scope, secret);
    } catch (error) {
      failed.push({ secretName: secret.name, secret, superseded, error: secretErrorOf(error) });
    }
  }
  for (const { secretName } of removedPairs) {
    try {
      await removeSecretOfRemovedPair(scope, secretName);
    } catch (error) {
      failed.push({ secretName, error: secretErrorOf(error) });
    }
  }
  return failed;
}

/**
 * Asks the API server whether the pair is in another Secret. The cached one may already be gone if the pair moved back
 * and forth.
 *
 * @returns whether the pair has another ak there
 * @throws StaleCacheError if the pair is not there
 */
async function confirmUnneeded(scope: Scope, secret: SecretRecord): Promise<boolean> {
  const { accessKey } = scope;
  const pair = pairOf(accessKey, secret);
  if (!pair) return false;
  const isNamed = secret.name === secretNameOf(accessKey, pair);
  const moved = isNamed ? undefined : await movedTo(scope, pair, secret);
  if (moved) return moved.pair?.ak !== secret.pair?.ak;
  if (await isStillSuperseded(scope, pair, secret)) return true;
  throw new StaleCacheError(`Secret ${secret.key} is the only one with its key pair`);
}

/** Whether the Secret is superseded according to the API server. The status decides, so it must be the current one. */
async function isStillSuperseded(scope: Scope, pair: KeyPairSpec, secret: SecretRecord): Promise<boolean> {
  const { api, accessKey } = scope;
  await api.confirmStatus(accessKey);
  const current = (await readOwnSecrets(scope)).map(({ record }) => record);
  return isSuperseded({ accessKey, pair, secret }, current);
}

/** @returns the Secret of the desired name; undefined if the pair is not there */
async function movedTo(
  { api, accessKey }: Scope,
  pair: KeyPairSpec,
  secret: SecretRecord,
): Promise<SecretRecord | undefined> {
  const fetched = await api.read(accessKey.namespace, secretNameOf(accessKey, pair));
  return fetched && isInPlace({ accessKey, pair, secret: fetched.record }, [secret]) ? fetched.record : undefined;
}

/** Deletes the Secret of a removed pair by name, because the cache may not show it yet. */
async function removeSecretOfRemovedPair(scope: Scope, secretName: string): Promise<void> {
  const { api, accessKey } = scope;
  const fetched = await api.read(accessKey.namespace, secretName);
  if (fetched && isOfRemovedPair(accessKey, fetched.record)) await removeSecret(scope, fetched.record);
}

/**
 * Deletes all Secrets of a pair before an adoption, which replaces the pair. If the status is not written afterwards, none
 * may remain: it would still hold the pair, and the adopted one would be deleted. The current Secret is the last one,
 * because the others may not be deletable. The status decides which Secrets are former ones, so it must be the current one.
 */
export async function removeReplaced(scope: Scope, pair: KeyPairSpec): Promise<void> {
  const { api, accessKey } = scope;
  await api.confirmStatus(accessKey);
  const known = pairStatusOf(accessKey, pair.name);
  if (known?.accessKey === undefined) return;
  const own = (await readOwnSecrets(scope)).map(({ record }) => record);
  const replaced = own.filter((one) => !one.deleting && pairOf(accessKey, one)?.name === pair.name);
  const isCurrent = ({ name }: SecretRecord) => name === known.secretName;
  for (const one of replaced.filter((one) => !isCurrent(one))) await removeSecret(scope, one);
  for (const one of replaced.filter(isCurrent)) await removeSecret(scope, one);
}
