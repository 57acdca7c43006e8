import type { Logger } from 'pino';
import type { KubernetesClient } from './client.ts';
import { describeError, isStatus } from './errors.ts';
import { targetOf } from './list-watch-request.ts';
import type { RawObject } from './raw-object.ts';
import { createReflector, type WatchCache } from './reflector.ts';
import { type NamespacedName, resources } from './resource.ts';
import { createStore, type Store, type Stored } from './store.ts';
import { pause, untilAborted } from './time.ts';
import type { Transport } from './transport.ts';

const retryMs = 5_000;
/** Argo CD and Flux do not prune an object with these annotations, even if it has got one of their tracking labels. */
const pruneProtection = {
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
};

export interface SecretContent {
  type: string;
  /** Plain text. */
  stringData?: Record<string, string>;
  /** Base64. */
  data?: Record<string, string>;
}

export interface WatchedSecretOptions<T extends Stored> {
  transport: Transport;
  secret: NamespacedName;
  transform: (raw: RawObject) => T;
  /** Creates the missing Secret with new content. It must succeed when another replica has created it first. */
  create: () => Promise<unknown>;
  /** Whether to create the Secret again after it was deleted. If false, only one that was never seen is created. */
  recreate: boolean;
  /** What the Secret holds, for the log and metrics, for example `session-key`. */
  purpose: string;
  log: Logger;
}

/** One Secret that all replicas watch, and that the first of them creates. */
export interface WatchedSecret<T extends Stored> {
  /** namespace/name */
  readonly key: string;
  /** Holds the record of the Secret, or nothing. */
  readonly store: Store<T>;
  /** For metrics. */
  readonly watchCache: WatchCache;
  /** Watches the Secret until the signal aborts, and creates it if it is missing. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export function createWatchedSecret<T extends Stored>(options: WatchedSecretOptions<T>): WatchedSecret<T> {
  const { transport, secret, transform, create, recreate, purpose, log } = options;
  const key = `${secret.namespace}/${secret.name}`;
  const store = createStore<T>({});
  const target = targetOf({ ...resources.secrets, ...secret });
  const reflector = createReflector({ transport, target, store, transform, log, cache: purpose });
  let seen = false;
  let changed = Promise.withResolvers<void>();
  store.subscribe(() => {
    seen = true;
    changed.resolve();
  });

  async function tryToCreate(): Promise<void> {
    try {
      await create();
    } catch (error) {
      log.error({ secret: key, reason: describeError(error) }, `cannot create ${purpose} Secret, retrying`);
    }
  }

  async function ensureExists(signal: AbortSignal): Promise<void> {
    await untilAborted(reflector.synced, signal);
    while (!signal.aborted) {
      changed = Promise.withResolvers();
      const mustCreate = store.size === 0 && (recreate || !seen);
      if (mustCreate) await tryToCreate();
      const next = mustCreate ? Promise.race([changed.promise, pause(retryMs, signal)]) : changed.promise;
      await untilAborted(next, signal);
    }
  }

  return {
    key,
    store,
    watchCache: reflector,
    async run(signal) {
      await Promise.all([ensureExists(signal), reflector.run(signal)]);
    },
  };
}

/**
 * Creates a Secret of the operator itself. Of several replicas that try at the same time, one succeeds.
 *
 * @returns false if the Secret already exists
 * @throws KubernetesError, ConnectionError, NotLeaderError
 */
export async function createOwnSecret(
  client: KubernetesClient,
  { namespace, name }: NamespacedName,
  content: SecretContent,
): Promise<boolean> {
  const labels = { 'app.kubernetes.io/name': 'accesskey-operator' };
  const metadata = { name, labels, annotations: pruneProtection };
  try {
    await client.create({ ...resources.secrets, namespace }, { metadata, ...content });
    return true;
  } catch (error) {
    if (isStatus(error, 409)) return false;
    throw error;
  }
}
