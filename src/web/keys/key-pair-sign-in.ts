/** What a session with a key pair may do: manage its own AccessKey, but create nothing that outlives its pair. */
import { expiresAtMs, isPairLive } from '../../accesskey/model/pair-state.ts';
import { ConsoleError } from '../common/console-error.ts';
import type { FetchedAccessKey, KeyApi, KeyPairSpecs } from './api.ts';

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
  pair: SignedInPair;
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
      if (!isPairLive(fetched, pair, now())) throw new ConsoleError('rejectedPairNotLive');
      const outliving = findOutliving(fetched.spec.keyPairs ?? [], keyPairs, pair.expiresAt);
      if (outliving !== undefined) throw new ConsoleError('rejectedOutlives', { pair: outliving });
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

function isExtended(current: KeyPairSpecs, pair: KeyPairSpecs[number]): boolean {
  if (pair.enabled === false) return false;
  const before = current.find((one) => one.name === pair.name);
  if (!before || before.enabled === false) return true;
  return before.revision !== pair.revision || expiresAtMs(before) !== expiresAtMs(pair);
}
