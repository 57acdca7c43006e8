import type { Logger } from 'pino';
import { aborted, pause } from '../../kube/abort.ts';
import type { KubernetesClient } from '../../kube/client.ts';
import { describeError } from '../../kube/errors.ts';
import { secretTarget } from '../../kube/list-watch.ts';
import { createReflector } from '../../kube/reflector.ts';
import { createStore } from '../../kube/store.ts';
import type { Transport } from '../../kube/transport.ts';
import { createKeyCache, type KeyCache } from './cache.ts';
import type { KeyPolicy } from './facts.ts';
import { startKeyRotation } from './rotation.ts';
import { generateSigningKeys } from './signing-keys.ts';
import { createKeySecret, type KeySecretRecord, type SecretReference, toKeySecretRecord } from './store.ts';

const retryMs = 5_000;

export interface KeyServiceOptions {
  transport: Transport;
  client: KubernetesClient;
  secret: SecretReference;
  policy: KeyPolicy;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** The signing keys of a process, followed as long as it runs. */
export interface KeyService {
  readonly cache: KeyCache;
  /** Watches the Secret until the signal aborts, and makes it when there is none at the start. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Starts the duty of the leader, see `startKeyRotation`.
   *
   * @param client writes only while this process leads
   */
  startRotation(client: KubernetesClient): () => Promise<void>;
}

/** Connects the parts of the signing keys' life; nothing runs yet. */
export function createKeyService({ transport, client, secret, policy, log, now }: KeyServiceOptions): KeyService {
  const store = createStore<KeySecretRecord>({});
  const key = `${secret.namespace}/${secret.name}`;
  const cache = createKeyCache({ store, key, log });
  const reflector = createReflector({
    transport,
    target: secretTarget(secret),
    store,
    transform: toKeySecretRecord,
    log,
  });

  /**
   * Only while this process has never seen the Secret, not even a broken one: one that is gone is for the leader to
   * restore, since tokens of its keys may be out.
   */
  async function makeFirst(signal: AbortSignal): Promise<void> {
    let seen = false;
    store.subscribe(() => {
      seen = true;
    });
    await Promise.race([reflector.synced, aborted(signal)]);
    while (!signal.aborted && !seen) {
      try {
        await createKeySecret(client, secret, await generateSigningKeys(new Date(now()), policy));
      } catch (error) {
        log.error({ secret: key, reason: describeError(error) }, 'no signing keys, trying again');
      }
      await Promise.race([cache.loaded, pause(retryMs, signal)]);
    }
  }

  return {
    cache,
    async run(signal) {
      await Promise.all([makeFirst(signal), reflector.run(signal)]);
    },
    startRotation: (fenced) => startKeyRotation({ client: fenced, store, cache, secret, policy, log, now }),
  };
}
