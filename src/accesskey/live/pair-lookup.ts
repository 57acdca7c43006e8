import type { SecretRecord } from '../../credential/secret-record.ts';
import { compareText } from '../../kube/sorted-list.ts';
import { type KeyPairState, pairStatusOf, secretNameOf } from '../model/access-key-record.ts';
import { type AccessKeyCaches, holdsUser, isBeingDeleted } from '../model/caches.ts';
import { type PairInSecret, pairFacts } from '../model/pair-facts.ts';
import { isSwapped, pairOf } from '../model/pair-of.ts';
import { expiresAtMs, liveStates, pairState, tokensNotBeforeMs } from '../model/pair-state.ts';
import { isSuperseded } from '../model/superseded.ts';
import type { Accepts } from '../reconcile/acceptance.ts';

/** A key pair found by its ak. */
export interface FoundPair {
  ak: string;
  /** SHA-256 of the sk. */
  digest: Buffer;
  /** `Expired` also for a previous pair whose overlap has ended. */
  state: KeyPairState;
  /** Milliseconds since the epoch; Infinity if the pair does not expire. */
  expiresAt: number;
  /** `id` is the uid of the AccessKey. */
  user: { id: string; name: string; groups: readonly string[] };
  /** Audiences that a token may have instead of the configured one. */
  audiences?: readonly string[] | undefined;
  /** Name of the pair in the spec. */
  pairName: string;
  /** tokenLifetime of the spec. */
  tokenLifetime?: string | undefined;
  /** Tokens that were issued earlier are not valid, milliseconds since the epoch; undefined: no limit. */
  tokensNotBefore?: number | undefined;
  /** Networks from which the pair and its tokens may be used; undefined: no limit. */
  allowedCIDRs?: readonly string[] | undefined;
}

/** Finds key pairs by ak in the caches. */
export interface PairLookup {
  /**
   * Returns every pair with this ak in any state, also the previous pair as long as the Secret holds it. If a Secret was
   * copied, there is more than one. The caller must try each one, so that a copy can neither lock out the user nor
   * change the user of a token. The pair that was generated first comes first, according to the status, which only the
   * operator writes.
   *
   * Not found are the pairs of an AccessKey that is being deleted, or whose namespace is, and pairs in Secrets that no
   * AccessKey owns.
   *
   * @param now milliseconds since the epoch
   */
  find(ak: string, now: number): FoundPair[];
}

export function createPairLookup(caches: AccessKeyCaches): PairLookup {
  return {
    find(ak, now) {
      const allOwned = caches.secrets.byIndex('ak', ak).flatMap((secret) => ownedPairOf(caches, secret) ?? []);
      if (allOwned.length > 1) allOwned.sort(byAge);
      return allOwned.flatMap((owned) => toFoundPairs({ caches, owned, ak, now }));
    },
  };
}

/** @returns the live pair with this ak, if it is the named one of the AccessKey with this uid */
export function findLivePair(
  { find }: Pick<PairLookup, 'find'>,
  { uid, pairName, ak }: { uid: string; pairName: string; ak: string },
  now: number,
): FoundPair | undefined {
  return find(ak, now).find((one) => one.user.id === uid && one.pairName === pairName && liveStates.has(one.state));
}

/** Answers whether a pair could get a token now, for the controller. */
export function acceptedBy({ find }: PairLookup): Accepts {
  return ({ pair: { ak, digest }, accessKey, pairName, now }) =>
    find(ak, now).some((one) => {
      const isSame = one.user.id === accessKey.uid && one.pairName === pairName && one.digest.equals(digest);
      return isSame && liveStates.has(one.state) && now < one.expiresAt;
    });
}

/** @returns undefined unless an AccessKey owns the Secret, its spec has the pair, and the pair belongs in this Secret */
function ownedPairOf(caches: AccessKeyCaches, secret: SecretRecord): PairInSecret | undefined {
  if (secret.ownerUID === undefined || secret.deleting) return undefined;
  const accessKey = caches.accessKeys.byIndex('uid', secret.ownerUID).find((one) => one.namespace === secret.namespace);
  if (!accessKey || isBeingDeleted(caches, accessKey)) return undefined;
  const pair = pairOf(accessKey, secret);
  if (!pair) return undefined;
  const owned = { accessKey, pair, secret };
  return isPlaceOf(caches, owned) && !isSwapped(owned) ? owned : undefined;
}

/** Whether the spec names the Secret, or the status does because the pair has not moved yet. */
function isPlaceOf({ secrets }: AccessKeyCaches, owned: PairInSecret): boolean {
  const { accessKey, pair, secret } = owned;
  if (secret.name === pairStatusOf(accessKey, pair.name)?.secretName) return true;
  if (secret.name !== secretNameOf(accessKey, pair)) return false;
  return !isSuperseded(owned, secrets.byIndex('ownerUID', accessKey.uid));
}

function toFoundPairs({
  caches,
  owned: { accessKey, pair, secret },
  ak,
  now,
}: {
  caches: AccessKeyCaches;
  owned: PairInSecret;
  ak: string;
  now: number;
}): FoundPair[] {
  const facts = pairFacts({ accessKey, pair, secret, now });
  const state = pairState({ accessKey, pair, facts, holdsUser: holdsUser(caches, accessKey), now });
  const { name, groups = [] } = accessKey.spec.user;
  const user = { id: accessKey.uid, name, groups };
  const { name: pairName, tokenLifetime, allowedCIDRs } = pair;
  const { audiences } = accessKey.spec;
  const limits = { tokenLifetime, allowedCIDRs, tokensNotBefore: tokensNotBeforeMs(pair), audiences };
  const shared = { ak, user, pairName, ...limits };
  const pairs: FoundPair[] = [];
  if (secret.pair?.ak === ak) {
    pairs.push({ ...shared, digest: secret.pair.digest, state, expiresAt: expiresAtMs(pair) });
  }
  if (secret.previous?.ak === ak) {
    const until = facts.previousValidUntil ?? 0;
    const previousState = now >= until && liveStates.has(state) ? 'Expired' : state;
    const expiresAt = Math.min(expiresAtMs(pair), until);
    pairs.push({ ...shared, digest: secret.previous.digest, state: previousState, expiresAt });
  }
  return pairs;
}

function byAge(a: PairInSecret, b: PairInSecret): number {
  return compareText(sortKeyOf(a), sortKeyOf(b));
}

/** Pairs that are not in a status yet come last: `~` sorts after every RFC 3339 time. */
function sortKeyOf({ accessKey, pair, secret }: PairInSecret): string {
  const known = pairStatusOf(accessKey, pair.name);
  const isKnown = known !== undefined && known.accessKey === secret.pair?.ak;
  return `${isKnown ? (known.createdAt ?? '') : '~'} ${secret.createdAt} ${secret.key}`;
}
