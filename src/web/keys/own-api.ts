import { RefusedError } from '../common/refused-error.ts';
import type { KeyApi, LiveAccessKey } from './api.ts';
import { isInForce, outliving, type SignedInPair } from './own-limits.ts';

/** What who has signed in by a key pair may do. */
export type KeyPairSignIn = 'manage' | 'view' | 'off';

/** Whose the API is. */
export interface OwnAccess {
  /** Their AccessKey: one that was made anew under the same name is somebody else's. */
  own: { namespace: string; name: string; uid: string };
  pair: SignedInPair;
  signIn: KeyPairSignIn;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * The Kubernetes API by the operator's own rights, for somebody who has signed in by a key pair: their own AccessKey and
 * nothing else, of that only the key pairs, and nothing that outlives their pair. The admission policy holds the operator
 * to the key pairs.
 */
export function limitToOwn(api: KeyApi, { own, pair, signIn, now }: OwnAccess): KeyApi {
  function requireOwn(namespace: string, name: string): void {
    if (namespace !== own.namespace || name !== own.name) throw new RefusedError('refusedNotOwn');
  }
  function requireSame(live: LiveAccessKey): void {
    if (live.uid !== own.uid) throw new RefusedError('refusedNoAccessKey', {}, 404);
  }
  function requireManage(): void {
    if (signIn !== 'manage') throw new RefusedError('refusedViewOnly');
  }
  return {
    async read(namespace, name) {
      requireOwn(namespace, name);
      const live = await api.read(namespace, name);
      requireSame(live);
      return live;
    },
    async create() {
      throw new RefusedError('refusedNotOwn');
    },
    async replaceKeyPairs(live, keyPairs) {
      requireManage();
      requireOwn(live.namespace, live.name);
      requireSame(live);
      if (!isInForce(live, pair, now())) throw new RefusedError('refusedPairOver');
      const longer = outliving(live.spec.keyPairs ?? [], keyPairs, pair.expiresAt);
      if (longer !== undefined) throw new RefusedError('refusedOutlives', { pair: longer });
      return api.replaceKeyPairs(live, keyPairs);
    },
    async readPair(namespace, secretName, keys) {
      requireManage();
      requireOwn(namespace, own.name);
      return api.readPair(namespace, secretName, keys);
    },
    may: async () => false,
  };
}
