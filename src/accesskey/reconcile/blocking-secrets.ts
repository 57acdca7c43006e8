import type { Logger } from 'pino';
import { annotations } from '../../credential/secret-format.ts';
import { targetOf } from '../../kube/list-watch-request.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import { createReflector } from '../../kube/reflector.ts';
import { resources } from '../../kube/resource.ts';
import { createStore, type Stored } from '../../kube/store.ts';
import type { Transport } from '../../kube/transport.ts';
import type { AccessKeyRecord } from '../model/access-key-record.ts';
import type { PlanOutcome } from './outcome.ts';

/** How many Secrets are watched at the same time. Conflicts beyond that are only rechecked periodically. */
const defaultLimit = 32;
/** How many of them can be in one namespace, so that its conflicts do not take the watches of all others. */
const defaultNamespaceLimit = 8;

export interface BlockingSecretsOptions {
  transport: Transport;
  log: Logger;
  /** Called with the key of an AccessKey whose blocking Secret is gone, or may be adopted now. */
  onChange: (accessKey: string) => void;
  limit?: number;
  namespaceLimit?: number;
}

/**
 * Watches the Secrets that have the name of a key pair without belonging to it. They can be of any type, and the cache has
 * only Secrets with key pairs.
 */
export interface BlockingSecrets {
  /** Watches exactly these Secrets in the namespace of the AccessKey. */
  watch(accessKey: Pick<AccessKeyRecord, 'key' | 'namespace'>, names: readonly string[]): void;
  /** Ends the watches of an AccessKey. */
  end(accessKey: string): void;
  /** Number of watched Secrets. */
  readonly size: number;
  /** Ends all watches. */
  stop(): Promise<void>;
}

interface Watch {
  abort: AbortController;
  done: Promise<void>;
}

export function createBlockingSecrets(options: BlockingSecretsOptions): BlockingSecrets {
  const { transport, onChange, limit = defaultLimit, namespaceLimit = defaultNamespaceLimit } = options;
  const log = options.log.child({}, { level: 'warn' });
  /** By key of the AccessKey, then by name of the Secret. */
  const watches = new Map<string, Map<string, Watch>>();
  const ending = new Set<Promise<void>>();
  /** @param prefix of the keys of the AccessKeys */
  const count = (prefix = '') =>
    [...watches].reduce((sum, [key, one]) => sum + (key.startsWith(prefix) ? one.size : 0), 0);
  const isFull = (namespace: string) => count() >= limit || count(`${namespace}/`) >= namespaceLimit;

  function start(accessKey: string, namespace: string, name: string): Watch {
    const abort = new AbortController();
    const store = createStore<BlockingSecret>({});
    const target = { ...targetOf({ ...resources.secrets, namespace, name }), metadataOnly: true };
    const reflector = createReflector({ transport, target, store, transform: toBlockingSecret, log });
    void reflector.synced.then(() => {
      // It was deleted after it had blocked the pair.
      if (store.size === 0 && !abort.signal.aborted) onChange(accessKey);
      store.subscribe(({ previous, current }) => {
        if (previous?.state !== current?.state) onChange(accessKey);
      });
    });
    return { abort, done: reflector.run(abort.signal) };
  }

  function endExcept(accessKey: string, names: readonly string[]): void {
    const current = watches.get(accessKey);
    for (const [name, { abort, done }] of current ?? []) {
      if (names.includes(name)) continue;
      abort.abort();
      ending.add(done);
      void done.then(() => ending.delete(done));
      current?.delete(name);
    }
    if (current?.size === 0) watches.delete(accessKey);
  }

  return {
    get size() {
      return count();
    },
    watch({ key, namespace }, names) {
      endExcept(key, names);
      for (const name of names) {
        const current = watches.get(key) ?? new Map<string, Watch>();
        if (current.has(name) || isFull(namespace)) continue;
        watches.set(key, current.set(name, start(key, namespace, name)));
      }
    },
    end: (accessKey) => endExcept(accessKey, []),
    async stop() {
      for (const accessKey of [...watches.keys()]) endExcept(accessKey, []);
      await Promise.all(ending);
    },
  };
}

interface BlockingSecret extends Stored {
  /** What decides whether the Secret still blocks the pair. */
  readonly state: string;
}

function toBlockingSecret({ metadata }: RawObject): BlockingSecret {
  const { name, namespace, resourceVersion, uid, ownerReferences } = metadata;
  const mark = (metadata.annotations as Record<string, string> | undefined)?.[annotations.adopt];
  return { key: `${namespace}/${name}`, resourceVersion, state: JSON.stringify([uid, mark, ownerReferences]) };
}

/** @returns the names of Secrets that block a pair */
export function blockingNames({ pairs }: PlanOutcome): string[] {
  const reasons = ['SecretConflict', 'SecretTerminating'];
  return pairs.flatMap(({ problem, secretName }) => (problem && reasons.includes(problem.reason) ? [secretName] : []));
}
