import type { Logger } from 'pino';
import type { KubernetesClient } from '../../kube/client.ts';
import type { WatchCache } from '../../kube/reflector.ts';
import type { NamespacedName } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';
import { createWatchedSecret } from '../../kube/watched-secret.ts';
import { createKeyCache, type KeyCache } from './cache.ts';
import type { KeyPolicy } from './facts.ts';
import { collectRevocations } from './revocations.ts';
import { startKeyRotation } from './rotation.ts';
import { generateSigningKeys } from './signing-keys.ts';
import { createKeySecret, toKeySecretRecord } from './store.ts';

export interface KeyServiceOptions {
  transport: Transport;
  client: KubernetesClient;
  secret: NamespacedName;
  policy: KeyPolicy;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** The signing keys of a process. */
export interface KeyService {
  readonly cache: KeyCache;
  /** Of the Secret, for metrics. */
  readonly watchCache: WatchCache;
  /** Watches the Secret until the signal aborts, and creates it if there is none at the start. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Starts key rotation, which only the leader does, see `startKeyRotation`.
   *
   * @param client writes only while this process is the leader
   * @returns stops it
   */
  startRotation(client: KubernetesClient): () => Promise<void>;
}

/** Connects the signing keys with their Secret; nothing runs yet. */
export function createKeyService({ transport, client, secret, policy, log, now }: KeyServiceOptions): KeyService {
  const { key, store, watchCache, run } = createWatchedSecret({
    transport,
    secret,
    transform: toKeySecretRecord,
    create: async () => createKeySecret(client, secret, await generateSigningKeys(new Date(now()), policy)),
    // The leader restores a deleted Secret with the same keys, since tokens signed with them may still be in use.
    recreate: false,
    purpose: 'signing-key',
    log,
  });
  const revoked = collectRevocations(store, key);
  const cache = createKeyCache({ store, key, revoked, log });
  return {
    cache,
    watchCache,
    run,
    startRotation: (fenced) => startKeyRotation({ client: fenced, store, cache, revoked, secret, policy, log, now }),
  };
}
