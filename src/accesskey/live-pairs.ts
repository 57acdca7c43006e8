import type { SecretRecord } from '../credential/secret-record.ts';
import { type AccessKeyRecord, type KeyPairState, secretNameOf } from './access-key-record.ts';
import { type AccessKeyCaches, holderOf, isStopped } from './caches.ts';
import { expiryOf, pairState } from './pair-state.ts';

/** A pair as the token service sees it. */
export interface PairCandidate {
  ak: string;
  /** SHA-256 of the sk. */
  digest: Buffer;
  state: KeyPairState;
  /** Milliseconds since the epoch; Infinity when the pair does not expire. */
  expiresAt: number;
  user: { id: string; name: string; groups: readonly string[] };
}

/** Finds pairs by their ak in what the watch last told. */
export interface LivePairs {
  /**
   * Every pair with this ak, whatever its state. More than one when somebody copied a Secret: each is tried, so a copy
   * can neither lock the owner out nor change whom a token names: the oldest Secret comes first, and a copy is younger.
   *
   * Pairs of AccessKeys that are deleted, or whose namespace terminates, and Secrets that no AccessKey names are none.
   *
   * @param now milliseconds since the epoch
   */
  candidates(ak: string, now: number): PairCandidate[];
}

export function createLivePairs(caches: AccessKeyCaches): LivePairs {
  return {
    candidates: (ak, now) =>
      [...caches.secrets.byIndex('ak', ak)].sort(byAge).flatMap((secret) => {
        const candidate = toCandidate(caches, secret, now);
        return candidate ? [candidate] : [];
      }),
  };
}

function toCandidate(caches: AccessKeyCaches, secret: SecretRecord, now: number): PairCandidate | undefined {
  const owner = ownerOf(caches, secret);
  const pair = owner?.spec.keyPairs?.find((one) => secretNameOf(owner, one) === secret.name);
  if (!owner || !pair || isStopped(caches, owner)) return undefined;
  if (secret.ak === undefined || secret.digest === undefined) return undefined;
  const { name, groups = [] } = owner.spec.user;
  const holdsClaim = holderOf(caches, name)?.key === owner.key;
  return {
    ak: secret.ak,
    digest: secret.digest,
    state: pairState(owner, pair, secret, holdsClaim, now),
    expiresAt: expiryOf(pair),
    user: { id: owner.uid, name, groups },
  };
}

function byAge(a: SecretRecord, b: SecretRecord): number {
  const [left, right] = [a.createdAt + a.key, b.createdAt + b.key];
  return left < right ? -1 : 1;
}

function ownerOf(caches: AccessKeyCaches, secret: SecretRecord): AccessKeyRecord | undefined {
  if (secret.ownerUID === undefined) return undefined;
  return caches.accessKeys.byIndex('uid', secret.ownerUID).find((one) => one.namespace === secret.namespace);
}
