/** Which Secrets of an AccessKey no key pair needs. Pure. */
import type { SecretRecord } from '../../credential/secret-record.ts';
import { type AccessKeyRecord, type KeyPairStatus, pairStatusOf, secretNameOf } from '../model/access-key-record.ts';
import { type PairInSecret, pairOf } from '../model/pair-facts.ts';
import { isSuperseded } from '../model/superseded.ts';

/**
 * Secrets of removed pairs, superseded Secrets, and former Secrets of pairs that are in the Secret of the desired name.
 */
export function unneededSecrets(accessKey: AccessKeyRecord, secrets: readonly SecretRecord[]): SecretRecord[] {
  return secrets.filter((secret) => !secret.deleting && isUnneeded(accessKey, secret, secrets));
}

/** @param secrets those of the AccessKey */
export function isUnneeded(
  accessKey: AccessKeyRecord,
  secret: SecretRecord,
  secrets: readonly SecretRecord[],
): boolean {
  const pair = pairOf(accessKey, secret);
  if (!pair || isSuperseded({ accessKey, pair, secret }, secrets)) return true;
  if (secret.name === secretNameOf(accessKey, pair)) return false;
  return secrets.some((one) => isInPlace({ accessKey, pair, secret: one }, secrets));
}

/** Pairs in the status that the spec no longer has. */
export function removedPairs({ spec, status }: Pick<AccessKeyRecord, 'spec' | 'status'>): KeyPairStatus[] {
  const isInSpec = (name: string) => spec.keyPairs?.some((pair) => pair.name === name) === true;
  return (status.keyPairs ?? []).filter((known) => known.accessKey !== undefined && !isInSpec(known.name));
}

/**
 * Whether the pair is in this Secret, the Secret is the one that the spec names, and the status has the Secret or its
 * ak. So after a crash, the pair is still known once its other Secrets are deleted.
 */
function isInPlace(found: PairInSecret, others: readonly SecretRecord[]): boolean {
  const { accessKey, pair, secret } = found;
  if (!secret.pair || secret.deleting || secret.ownerUID !== accessKey.uid) return false;
  if (secret.name !== secretNameOf(accessKey, pair) || pairOf(accessKey, secret) !== pair) return false;
  const known = pairStatusOf(accessKey, pair.name);
  const isRecorded = known?.accessKey === secret.pair.ak || known?.secretName === secret.name;
  return isRecorded && !isSuperseded(found, others);
}

/** Whether a Secret of the AccessKey belongs to a removed pair. */
export function isOfRemovedPair(accessKey: AccessKeyRecord, secret: SecretRecord): boolean {
  return secret.ownerUID === accessKey.uid && !secret.deleting && !pairOf(accessKey, secret);
}
