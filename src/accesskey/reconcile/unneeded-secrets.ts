/** Which Secrets of an AccessKey no key pair needs. Pure. */
import type { SecretRecord } from '../../credential/secret-record.ts';
import {
  type AccessKeyRecord,
  type KeyPairSpec,
  type KeyPairStatus,
  secretNameOf,
} from '../model/access-key-record.ts';
import { pairOf } from '../model/pair-facts.ts';

/** Cached Secrets of removed pairs, and former Secrets of pairs that are in the Secret of the desired name. */
export function unneededSecrets(accessKey: AccessKeyRecord, secrets: readonly SecretRecord[]): SecretRecord[] {
  return secrets.filter((secret) => {
    if (secret.deleting) return false;
    const pair = pairOf(accessKey, secret);
    if (!pair) return true;
    return secret.name !== secretNameOf(accessKey, pair) && secrets.some((one) => isInPlace(accessKey, pair, one));
  });
}

/** Pairs in the status that the spec no longer has. */
export function removedPairs({ spec, status }: Pick<AccessKeyRecord, 'spec' | 'status'>): KeyPairStatus[] {
  const isInSpec = (name: string) => spec.keyPairs?.some((pair) => pair.name === name) === true;
  return (status.keyPairs ?? []).filter((known) => known.accessKey !== undefined && !isInSpec(known.name));
}

/** Whether the pair is in this Secret, and the Secret is the one that the spec names. */
export function isInPlace(accessKey: AccessKeyRecord, pair: KeyPairSpec, secret: SecretRecord): boolean {
  if (!secret.pair || secret.deleting || secret.ownerUID !== accessKey.uid) return false;
  return secret.name === secretNameOf(accessKey, pair) && pairOf(accessKey, secret) === pair;
}

/** Whether a Secret of the AccessKey belongs to a removed pair. */
export function isOfRemovedPair(accessKey: AccessKeyRecord, secret: SecretRecord): boolean {
  return secret.ownerUID === accessKey.uid && !secret.deleting && !pairOf(accessKey, secret);
}
