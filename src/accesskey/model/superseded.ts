/** Which of several Secrets of a pair holds it. Pure. */
import type { SecretRecord } from '../../credential/secret-record.ts';
import { pairStatusOf } from './access-key-record.ts';
import type { PairInSecret } from './pair-facts.ts';
import { pairOf } from './pair-of.ts';

/**
 * Whether the pair is in another Secret instead. The status names the Secret that holds the pair; any other Secret with
 * another ak is superseded. Its keys are from before a rotation, and it could not be deleted then; if the spec names it
 * again, they must not work again. The status records such a Secret (`isFormerSecret`), because this comparison ends when
 * the other one is deleted.
 *
 * Not superseded is
 * - the Secret that the status names: if it has another ak, the pair was rotated there, and the status does not have
 *   the new ak yet;
 * - a Secret without a valid pair: it may be the current one, changed by others, so it is repaired, not deleted;
 * - any Secret, if no other one has the name or the ak in the status, with a valid pair.
 *
 * @param secrets those of the AccessKey; others are ignored
 */
export function isSuperseded(found: PairInSecret, secrets: readonly SecretRecord[]): boolean {
  const { accessKey, pair, secret } = found;
  const known = pairStatusOf(accessKey, pair.name);
  // The usual case comes first, because this runs for each token request.
  if (known?.accessKey === undefined || known.accessKey === secret.pair?.ak) return false;
  if (known.secretName === secret.name || secret.pair === undefined) return false;
  return othersOf(found, secrets).some((one) => {
    const isRecorded = one.pair?.ak === known.accessKey || one.name === known.secretName;
    // With the same ak, the pair was rotated there and then moved here, and the status shows neither yet.
    return isRecorded && one.pair !== undefined && one.pair.ak !== secret.pair?.ak;
  });
}

/**
 * Whether the pair may be rotated in this Secret. While the pair is in several, the status must name this one first.
 * Otherwise nothing would show after a crash that the new ak is the current one, and not that of a superseded Secret.
 */
export function mayRotateIn(found: PairInSecret, secrets: readonly SecretRecord[]): boolean {
  const { accessKey, pair, secret } = found;
  const known = pairStatusOf(accessKey, pair.name);
  if (known?.accessKey === undefined || known.secretName === secret.name) return true;
  return othersOf(found, secrets).length === 0;
}

/** The other Secrets that belong to the pair. */
function othersOf({ accessKey, pair, secret }: PairInSecret, secrets: readonly SecretRecord[]): SecretRecord[] {
  return secrets.filter((one) => {
    const isOwn = one.ownerUID === accessKey.uid && one.namespace === accessKey.namespace && !one.deleting;
    return isOwn && one.name !== secret.name && pairOf(accessKey, one)?.name === pair.name;
  });
}
