/** Which Secrets of an AccessKey no key pair needs. Pure. */
import type { SecretRecord } from '../../credential/secret-record.ts';
import { type AccessKeyRecord, type KeyPairStatus, secretNameOf } from '../model/access-key-record.ts';
import type { PairInSecret } from '../model/pair-facts.ts';
import { pairOf } from '../model/pair-of.ts';
import { isSuperseded } from '../model/superseded.ts';

/** Secrets of removed pairs, superseded Secrets, and Secrets of pairs that are now in the Secret of the desired name. */
export function unneededSecrets(accessKey: AccessKeyRecord, secrets: readonly SecretRecord[]): SecretRecord[] {
  return secrets.filter((secret) => {
    if (secret.deleting) return false;
    const pair = pairOf(accessKey, secret);
    if (!pair || isSuperseded({ accessKey, pair, secret }, secrets)) return true;
    if (secret.name === secretNameOf(accessKey, pair)) return false;
    return secrets.some((one) => isInPlace({ accessKey, pair, secret: one }, secrets));
  });
}

/** Pairs in the status that the spec no longer has. */
export function removedPairs({ spec, status }: Pick<AccessKeyRecord, 'spec' | 'status'>): KeyPairStatus[] {
  const isInSpec = (name: string) => spec.keyPairs?.some((pair) => pair.name === name) === true;
  return (status.keyPairs ?? []).filter((known) => known.accessKey !== undefined && !isInSpec(known.name));
}

/**
 * Whether the pair is in this Secret, and the Secret is the one that the spec names.
 *
 * @param others Secrets that may hold the pair instead
 */
export function isInPlace(found: PairInSecret, others: readonly SecretRecord[]): boolean {
  const { accessKey, pair, secret } = found;
  if (!secret.pair || secret.deleting || secret.ownerUID !== accessKey.uid) return false;
  if (secret.name !== secretNameOf(accessKey, pair) || pairOf(accessKey, secret) !== pair) return false;
  return !isSuperseded(found, others);
}

/** Whether a Secret of the AccessKey belongs to a removed pair. */
export function isOfRemovedPair(accessKey: AccessKeyRecord, secret: SecretRecord): boolean {
  return secret.ownerUID === accessKey.uid && !secret.deleting && !pairOf(accessKey, secret);
}
