import type { KeyApi } from './key-api.ts';
import { RefusedError } from './refused-error.ts';

/** What who has signed in by a key pair may do. */
export type KeyPairSignIn = 'manage' | 'view' | 'off';

/**
 * The Kubernetes API by the operator's own rights, for somebody who has signed in by a key pair: their own AccessKey and
 * nothing else, and of that only the key pairs. The admission policy holds the operator to the same.
 *
 * @param own namespace and name of their AccessKey
 */
export function limitToOwn(api: KeyApi, own: { namespace: string; name: string }, signIn: KeyPairSignIn): KeyApi {
  function requireOwn(namespace: string, name: string): void {
    if (namespace !== own.namespace || name !== own.name) throw new RefusedError('refusedNotOwn');
  }
  function requireManage(): void {
    if (signIn !== 'manage') throw new RefusedError('refusedViewOnly');
  }
  return {
    async read(namespace, name) {
      requireOwn(namespace, name);
      return api.read(namespace, name);
    },
    async create() {
      throw new RefusedError('refusedNotOwn');
    },
    async replaceKeyPairs(live, keyPairs) {
      requireManage();
      requireOwn(live.namespace, live.name);
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
