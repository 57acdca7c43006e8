/** What a session with a key pair may do: manage its own AccessKey, but create nothing that outlives its pair. */
import { isDeepStrictEqual } from 'node:util';
import type { FetchedAccessKey, KeyPairSpecs } from '../../accesskey/change/access-key-api.ts';
import { areWithin } from '../../accesskey/model/networks.ts';
import { expiresAtMs, isPairLive } from '../../accesskey/model/pair-state.ts';
import { durationMs } from '../../kube/duration.ts';
import { ConsoleError } from '../common/console-error.ts';
import type { KeyApi } from './key-api.ts';

/** What sign-in with a key pair allows (web.keyPairSignIn). */
export type KeyPairSignIn = 'manage' | 'view' | 'off';

/** The pair of the session. */
export interface SignedInPair {
  pairName: string;
  ak: string;
  /** When it expires, milliseconds since the epoch: a previous pair with its overlap. Infinity if it does not. */
  expiresAt: number;
}

export interface PairSession {
  /** The AccessKey of the pair. The uid detects one that was recreated with the same name. */
  accessKey: { namespace: string; name: string; uid: string };
  /** Undefined in a session with single sign-on, which does not depend on a pair. */
  pair: SignedInPair | undefined;
  signIn: KeyPairSignIn;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Limits the operator's own permissions to what a session with a key pair may do: read its AccessKey and change the key
 * pairs. In addition, the admission policy allows the operator to change nothing but key pairs.
 */
export function limitToOwnAccessKey(api: KeyApi, { accessKey, pair, signIn, now }: PairSession): KeyApi {
  function requireOwn(namespace: string, name: string): void {
    if (namespace !== accessKey.namespace || name !== accessKey.name) throw new ConsoleError('rejectedNotOwn');
  }
  function requireSame(fetched: FetchedAccessKey): void {
    if (fetched.uid !== accessKey.uid) throw new ConsoleError('rejectedNoAccessKey', {}, 404);
  }
  function requireManage(): void {
    if (signIn !== 'manage') throw new ConsoleError('rejectedViewOnly');
  }
  function requireNotBeyond(fetched: FetchedAccessKey, own: SignedInPair, keyPairs: KeyPairSpecs): void {
    if (!isPairLive(fetched, own, now())) throw new ConsoleError('rejectedPairNotLive');
    const outliving = findOutliving(fetched.spec.keyPairs ?? [], keyPairs, own.expiresAt);
    if (outliving !== undefined) throw new ConsoleError('rejectedOutlives', { pair: outliving });
    const wider = findWider(fetched.spec.keyPairs ?? [], keyPairs, own.pairName);
    if (wider !== undefined) throw new ConsoleError('rejectedWider', { pair: wider });
  }
  return {
    async read(namespace, name) {
      requireOwn(namespace, name);
      const fetched = await api.read(namespace, name);
      requireSame(fetched);
      return fetched;
    },
    async create() {
      throw new ConsoleError('rejectedNotOwn');
    },
    async replaceKeyPairs(fetched, keyPairs) {
      requireManage();
      requireOwn(fetched.namespace, fetched.name);
      requireSame(fetched);
      if (pair) requireNotBeyond(fetched, pair, keyPairs);
      return api.replaceKeyPairs(fetched, keyPairs);
    },
    async readPair(namespace, secretName, keys) {
      requireManage();
      requireOwn(namespace, accessKey.name);
      return api.readPair(namespace, secretName, keys);
    },
    may: async () => false,
  };
}

/**
 * Finds a pair that a change would create, rotate, enable or extend beyond the end of the session's pair. Otherwise a
 * pair that is valid for a day could create a permanent one, and a rotated pair could undo its rotation during the
 * overlap. Removing, disabling and describing pairs is always allowed.
 *
 * @param end when the session's pair expires, milliseconds since the epoch
 * @returns the name of the pair, or undefined
 */
function findOutliving(current: KeyPairSpecs, desired: KeyPairSpecs, end: number): string | undefined {
  return desired.find((pair) => expiresAtMs(pair) > end && isExtended(current, pair))?.name;
}

/**
 * Finds a pair that a change would create, rotate, enable or extend and that could be used from an address from which the
 * session's pair cannot be used.
 *
 * @param own name of the session's pair
 * @returns the name of the pair, or undefined
 */
function findWider(current: KeyPairSpecs, desired: KeyPairSpecs, own: string): string | undefined {
  const allowed = current.find((one) => one.name === own)?.allowedCIDRs;
  if (allowed === undefined) return undefined;
  const isChanged = (pair: KeyPairSpecs[number]) =>
    isExtended(current, pair) || !isDeepStrictEqual(pair.allowedCIDRs, find(current, pair)?.allowedCIDRs);
  const isWider = ({ allowedCIDRs }: KeyPairSpecs[number]) => !allowedCIDRs || !areWithin(allowedCIDRs, allowed);
  return desired.find((pair) => pair.enabled !== false && isWider(pair) && isChanged(pair))?.name;
}

function find(pairs: KeyPairSpecs, { name }: KeyPairSpecs[number]): KeyPairSpecs[number] | undefined {
  return pairs.find((one) => one.name === name);
}

function isExtended(current: KeyPairSpecs, pair: KeyPairSpecs[number]): boolean {
  if (pair.enabled === false) return false;
  const before = find(current, pair);
  if (!before || before.enabled === false) return true;
  return before.revision !== pair.revision || expiresAtMs(before) !== expiresAtMs(pair) || isUsedLonger(before, pair);
}

/** Whether the current ak and sk of a pair stay valid for longer: they rotate later, or their overlap ends later. */
function isUsedLonger({ rotation: before }: KeyPairSpecs[number], { rotation: after }: KeyPairSpecs[number]): boolean {
  const intervalOf = (rotation: typeof before) => durationMs(rotation?.interval) || Number.POSITIVE_INFINITY;
  const overlapOf = (rotation: typeof before) =>
    Math.max(durationMs(rotation?.overlap), durationMs(rotation?.maxOverlap));
  return intervalOf(after) > intervalOf(before) || overlapOf(after) > overlapOf(before);
}
