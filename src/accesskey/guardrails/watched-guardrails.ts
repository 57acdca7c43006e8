import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { describeError } from '../../kube/errors.ts';
import { targetOf } from '../../kube/list-watch-request.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import { createReflector, type Reflector } from '../../kube/reflector.ts';
import { type NamespacedName, resources } from '../../kube/resource.ts';
import { createStore, type Stored } from '../../kube/store.ts';
import type { Transport } from '../../kube/transport.ts';
import { type Guardrails, GuardrailsError, noGuardrails, parseGuardrails } from './guardrails.ts';

/** The guardrails that AccessKeys are compared with. */
export interface CurrentGuardrails {
  /**
   * @returns the last valid guardrails, which have no limits if the ConfigMap does not exist; undefined until the
   *   ConfigMap was read, and while it has been malformed since then
   */
  current(): Guardrails | undefined;
  /**
   * Calls the listener after each change of `current`.
   *
   * @returns a function that unsubscribes it
   */
  subscribe(listener: () => void): () => void;
}

export interface WatchedGuardrails extends CurrentGuardrails {
  /** Whether the ConfigMap is malformed, so that the admission policy rejects every change of a spec. */
  isMalformed(): boolean;
  readonly reflector: Reflector;
}

export interface WatchedGuardrailsOptions {
  transport: Transport;
  configMap: NamespacedName;
  log: Logger;
}

interface ConfigMapRecord extends Stored {
  readonly data: Readonly<Record<string, string>>;
}

/**
 * Follows the ConfigMap. While it is malformed, the last valid guardrails stay in use. The process does not need them to
 * serve requests: the admission policy applies them, and the operator only reports.
 */
export function createWatchedGuardrails(options: WatchedGuardrailsOptions): WatchedGuardrails {
  const { transport, configMap, log } = options;
  const key = `${configMap.namespace}/${configMap.name}`;
  const store = createStore<ConfigMapRecord>({});
  const target = targetOf({ ...resources.configMaps, ...configMap });
  const reflector = createReflector({ transport, target, store, transform: toRecord, log, cache: 'guardrails' });
  const listeners = new Set<() => void>();
  let current: Guardrails | undefined;
  /** Why the ConfigMap is malformed. */
  let problem: string | undefined;

  function use(guardrails: Guardrails): void {
    if (isDeepStrictEqual(guardrails, current)) return;
    current = guardrails;
    for (const listener of listeners) listener();
  }

  function load({ data }: ConfigMapRecord): void {
    try {
      use(parseGuardrails(data));
      problem = undefined;
      log.info({ configMap: key }, 'guardrails loaded');
    } catch (error) {
      const reason = error instanceof GuardrailsError ? error.message : describeError(error);
      // A change of its metadata, for example by a GitOps tool, is no news.
      if (reason === problem) return;
      problem = reason;
      const outcome = current ? 'comparing AccessKeys with the last valid ones' : 'no valid ones are known';
      log.error({ configMap: key, reason }, `the guardrails are malformed, ${outcome}`);
    }
  }

  function unload(): void {
    problem = undefined;
    use(noGuardrails);
  }

  store.subscribe(({ current: record }) => (record ? load(record) : unload()));
  void reflector.synced.then(() => store.size === 0 && use(noGuardrails));
  return {
    reflector,
    current: () => current,
    isMalformed: () => problem !== undefined,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function toRecord({ metadata, data }: RawObject): ConfigMapRecord {
  const { name, namespace, resourceVersion } = metadata;
  return { key: `${namespace}/${name}`, resourceVersion, data: (data ?? {}) as Record<string, string> };
}
