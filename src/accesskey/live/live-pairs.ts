import type { SecretRecord } from '../../credential/secret-record.ts';
import {
  type AccessKeyRecord,
  type KeyPairSpec,
  type KeyPairState,
  pairStatusOf,
  secretNameOf,
} from '../model/access-key-record.ts';
import { type AccessKeyCaches, holdsUser, isStopped } from '../model/caches.ts';
import { isSwapped, pairFacts, pairOf } from '../model/pair-facts.ts';
import { expiryOf, liveStates, pairState } from '../model/pair-state.ts';

/** A key pair found by its ak. */
export interface FoundPair {
  ak: string;
  /** SHA-256 of the sk. */
  digest: Buffer;
  /** A previous pair whose overlap is over is `Expired`. */
  state: KeyPairState;
  /** Milliseconds since the epoch; Infinity when the pair does not expire. */
  expiresAt: number;
  user: { id: string; name: string; groups: readonly string[] };
  /** Name of the pair. */
  pairName: string;
}

/** Finds pairs by their ak in what the watch last told. */
export interface LivePairs {
  /**
   * Every pair with this ak, whatever its state; during the overlap of a rotation the previous one too. More than one
   * when somebody copied a Secret: each is tried, so a copy can neither lock the owner out nor change whom a token
   * names. The pair that was made first comes first, by the statuses, which only the operator writes.
   *
   * Pairs of AccessKeys that are deleted, or whose namespace terminates, and Secrets that no AccessKey names are none.
   *
   * @param now milliseconds since the epoch
   */
  find(ak: string, now: number): FoundPair[];
}

interface Held {
  owner: AccessKeyRecord;
  pair: KeyPairSpec;
  secret: SecretRecord;
}

export function createLivePairs(caches: AccessKeyCaches): LivePairs {
  return {
    find(ak, now) {
      const held = caches.secrets.byIndex('ak', ak).flatMap((secret) => holderOf(caches, secret) ?? []);
      const inOrder = held.length > 1 ? held.sort(byAge) : held;
      return inOrder.flatMap((one) => toFoundPairs(caches, one, ak, now));
    },
  };
}

/** Whose pair a Secret holds: of an AccessKey that is there, for a pair of its spec, in the Secret that it is to be in. */
function holderOf(caches: AccessKeyCaches, secret: SecretRecord): Held | undefined {
  if (secret.ownerUID === undefined || secret.deleting) return undefined;
  const owner = caches.accessKeys.byIndex('uid', secret.ownerUID).find((one) => one.namespace === secret.namespace);
  if (!owner || isStopped(caches, owner)) return undefined;
  const pair = pairOf(owner, secret);
  return pair && isPlaceOf(owner, pair, secret) && !isSwapped(owner, pair, secret)
    ? { owner, pair, secret }
    : undefined;
}

/** The Secret of the wanted name, or the one that the status names while the pair moves or cannot. */
function isPlaceOf(owner: AccessKeyRecord, pair: KeyPairSpec, secret: SecretRecord): boolean {
  return secret.name === secretNameOf(owner, pair) || secret.name === pairStatusOf(owner, pair.name)?.secretName;
}

function toFoundPairs(caches: AccessKeyCaches, { owner, pair, secret }: Held, ak: string, now: number): FoundPair[] {
  const facts = pairFacts(owner, pair, secret, now);
  const state = pairState(owner, pair, facts, holdsUser(caches, owner), now);
  const { name, groups = [] } = owner.spec.user;
  const user = { id: owner.uid, name, groups };
  const shared = { ak, user, pairName: pair.name };
  const pairs: FoundPair[] = [];
  if (secret.pair?.ak === ak) {
    pairs.push({ ...shared, digest: secret.pair.digest, state, expiresAt: expiryOf(pair) });
  }
  if (secret.previous?.ak === ak) {
    const until = facts.previousValidUntil ?? 0;
    const isOver = now >= until && liveStates.has(state);
    const expiresAt = Math.min(expiryOf(pair), until);
    pairs.push({ ...shared, digest: secret.previous.digest, state: isOver ? 'Expired' : state, expiresAt });
  }
  return pairs;
}

function byAge(a: Held, b: Held): number {
  const [left, right] = [ageOf(a), ageOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A pair that its status does not know yet goes after those that are known. */
function ageOf({ owner, pair, secret }: Held): string {
  const known = pairStatusOf(owner, pair.name);
  const isKnown = known !== undefined && known.accessKey === secret.pair?.ak;
  return `${isKnown ? (known.createdAt ?? '') : '~'} ${secret.createdAt} ${secret.key}`;
}
