import type { SecretRecord } from '../../credential/secret-record.ts';
import { type AccessKeyRecord, type KeyPairSpec, pairStatusOf } from './access-key-record.ts';
import { pairOf } from './pair-facts.ts';

/**
 * Whether another Secret of the AccessKey holds the pair, and this one only a former pair. A former Secret that could not
 * be deleted keeps the keys from before the next rotation; if the spec names it again, they must not work again.
 *
 * The status decides. The Secret that it names is never superseded: if it has another ak, the pair was rotated there, and
 * the status does not have the new one yet.
 *
 * @param secret belongs to the pair
 * @param secrets those of the AccessKey; others are ignored
 */
export function isSuperseded(
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
  secret: SecretRecord,
  secrets: readonly SecretRecord[],
): boolean {
  const known = pairStatusOf(accessKey, pair.name);
  // The usual case comes first, because this runs for each token request.
  if (known?.accessKey === undefined || known.accessKey === secret.pair?.ak) return false;
  if (known.secretName === secret.name) return false;
  return secrets.some((one) => {
    if (one.deleting || one.ownerUID !== accessKey.uid || one.namespace !== accessKey.namespace) return false;
    const isRecorded = one.pair?.ak === known.accessKey || one.name === known.secretName;
    return isRecorded && one.name !== secret.name && pairOf(accessKey, one)?.name === pair.name;
  });
}
