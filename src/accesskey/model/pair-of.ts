/** Which pair a Secret of an AccessKey belongs to. Pure. */
import { matches } from '../../credential/key-pair.ts';
import { keyPairLabel } from '../../credential/secret-format.ts';
import type { SecretRecord } from '../../credential/secret-record.ts';
import {
  type AccessKeyRecord,
  isFormerSecret,
  type KeyPairSpec,
  type KeyPairStatus,
  pairStatusOf,
  secretNameOf,
} from './access-key-record.ts';
import type { PairInSecret } from './pair-facts.ts';

/**
 * The pair that a Secret of the AccessKey belongs to: by the ak in the status, then by the label, then by the Secret
 * name in the status, then by the name in the spec. This way no pair takes over the Secret of another, even if a label
 * is lost or wrong or two pairs swap Secret names. A former Secret belongs to none, unless it has an ak in the status.
 *
 * @returns undefined if the spec has no such pair
 */
export function pairOf(accessKey: AccessKeyRecord, secret: SecretRecord): KeyPairSpec | undefined {
  const pairs = accessKey.spec.keyPairs ?? [];
  const known = accessKey.status.keyPairs?.filter((one) => one.accessKey !== undefined) ?? [];
  const byAk = pairWithAkOf(secret, known);
  if (byAk === undefined && isFormerSecret(accessKey, secret)) return undefined;
  const name = byAk ?? secret.labels[keyPairLabel] ?? known.find((one) => one.secretName === secret.name)?.name;
  if (name !== undefined) return pairs.find((one) => one.name === name);
  // A pair that is in the status must not take the keys of another Secret just because the spec now names that Secret.
  const isElsewhere = (pair: KeyPairSpec) => known.some((one) => one.name === pair.name);
  return pairs.find((one) => secretNameOf(accessKey, one) === secret.name && !isElsewhere(one));
}

/**
 * Whether the annotations of a Secret swap the data keys of ak and sk. What they name as the ak is then the secret key,
 * which must never get into a status.
 */
export function isSwapped({ accessKey, pair, secret }: PairInSecret): boolean {
  const known = pairStatusOf(accessKey, pair.name)?.accessKey;
  return known !== undefined && hasAsSk(secret, known);
}

/** Swapped data keys must not hide the ak: otherwise another pair could take over the Secret, with the sk as its ak. */
function pairWithAkOf(secret: SecretRecord, known: readonly KeyPairStatus[]): string | undefined {
  const found =
    known.find(({ accessKey }) => accessKey === secret.pair?.ak) ??
    known.find(({ accessKey = '' }) => hasAsSk(secret, accessKey));
  return found?.name;
}

/** Whether the annotations of the Secret name this ak as the sk. */
function hasAsSk({ pair }: SecretRecord, ak: string): boolean {
  // Runs for each token request. An ak never equals its sk (isPair), so the usual case needs no hash.
  return pair !== undefined && pair.ak !== ak && matches(ak, pair.digest);
}
