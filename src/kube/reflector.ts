import type { Logger } from 'pino';
import { describeError, InvalidResponseError, isStatus, retryAfterOf } from './errors.ts';
import { createFreshnessTracker, type Freshness } from './freshness.ts';
import { listPages, watch } from './list-watch.ts';
import type { ListWatchTarget } from './list-watch-request.ts';
import type { WatchEvent } from './list-watch-response.ts';
import { charged } from './pace.ts';
import type { RawObject } from './raw-object.ts';
import type { Store, Stored } from './store.ts';
import { backoffMs, pause } from './time.ts';
import type { Transport } from './transport.ts';

const backoff = { baseMs: 500, maxMs: 30_000 };
/** Longest delay once the API server has become reachable again, milliseconds. */
const recoveryMs = 1_000;
/** How long a watch may receive nothing before it counts as dead, milliseconds. Bookmarks arrive about every minute. */
const defaultIdleTimeoutMs = 90_000;
/** A watch ends after a random time in this range, seconds, which spreads load over API servers. */
const watchSeconds = { min: 300, max: 600 };
/**
 * A watch that ends sooner without a change counts as failed, milliseconds; otherwise a broken proxy would cause a hot
 * loop. Bookmarks do not count as changes, because such a proxy may send nothing else.
 */
const minWatchMs = 1_000;
const failuresBeforeList = 3;

export interface ReflectorOptions<T extends Stored> {
  transport: Transport;
  target: ListWatchTarget;
  store: Pick<Store<T>, 'upsert' | 'remove' | 'replace'>;
  /** Converts an object to its record, which should have only what is used, to save memory. */
  transform: (object: RawObject) => T;
  log: Logger;
  /** Name of the cache in metrics. Default: the resource. */
  cache?: string;
  /** How long a watch may receive nothing before it counts as dead, milliseconds. Default: 90 seconds. */
  idleTimeoutMs?: number;
}

/** What metrics report of a cache that a reflector fills. */
export type WatchCache = Pick<Reflector, 'cache' | 'resource' | 'freshness'>;

/** Keeps a store in sync with a collection of the API server, with list and watch. */
export interface Reflector {
  /** Plural of the resource, for example `secrets`. */
  readonly resource: string;
  /** Name of the cache, unique within a cluster. */
  readonly cache: string;
  /** Resolves when the first list is in the store. */
  readonly synced: Promise<void>;
  hasSynced(): boolean;
  /** Freshness of the store. A watch whose connection died counts as open until `idleTimeoutMs` have passed. */
  freshness(): Freshness;
  /** Runs until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Creates a reflector like client-go's. It retries after every error (429, 5xx, a dropped or half-open connection, a
 * malformed line, expired credentials) with jittered backoff, and respects Retry-After. The backoff ends early once
 * another request of the transport shows that the API server is reachable again. It lists again after 410, and also after
 * three consecutive failures: after a restore of etcd the resourceVersion is unusable, but no status code says so. Only a
 * working watch resets the backoff; a list does not.
 */
export function createReflector<T extends Stored>(options: ReflectorOptions<T>): Reflector {
  const { transport, target, store, transform, log, idleTimeoutMs = defaultIdleTimeoutMs } = options;
  const { maxBytes = Number.POSITIVE_INFINITY } = target;
  const synced = Promise.withResolvers<void>();
  const freshness = createFreshnessTracker();
  let hasSynced = false;
  /** Where to watch from; undefined if a list is needed. */
  let resourceVersion: string | undefined;
  let failures = 0;
  let failuresSinceList = 0;
  /** Characters that the watches have sent since the last list. */
  let sinceList = 0;

  async function listAll(signal: AbortSignal): Promise<string> {
    const records: T[] = [];
    let version = '';
    for await (const page of listPages(transport, target, signal)) {
      for (const item of page.items) records.push(transform(item));
      version = page.resourceVersion;
    }
    charged(transport.pace, () => store.replace(records));
    freshness.confirmed(version);
    failuresSinceList = 0;
    sinceList = 0;
    if (!hasSynced) log.info({ resource: target.path, objects: records.length }, 'cache filled');
    hasSynced = true;
    synced.resolve();
    return version;
  }

  async function watchFrom(start: string, signal: AbortSignal): Promise<void> {
    const timeoutSeconds = Math.round(watchSeconds.min + Math.random() * (watchSeconds.max - watchSeconds.min));
    const startedAt = performance.now();
    const isLong = () => performance.now() - startedAt >= minWatchMs;
    let changes = 0;
    const received = (length: number) => {
      sinceList += length;
    };
    const from = { resourceVersion: start, timeoutSeconds, idleTimeoutMs, signal, opened: freshness.opened, received };
    for await (const event of watch(transport, target, from)) {
      update(event);
      resourceVersion = event.object.metadata.resourceVersion;
      freshness.confirmed(resourceVersion);
      if (event.type !== 'BOOKMARK') changes += 1;
      if (changes > 0 || isLong()) resetFailures();
      if (sinceList > maxBytes) {
        resourceVersion = undefined;
        break;
      }
    }
    if (changes === 0 && !isLong()) throw new InvalidResponseError('the watch ended immediately');
    freshness.confirmed();
    resetFailures();
  }

  function resetFailures(): void {
    failures = 0;
    failuresSinceList = 0;
  }

  function update({ type, object }: WatchEvent): void {
    if (type === 'BOOKMARK') return;
    const record = transform(object);
    if (type === 'DELETED') store.remove(record.key);
    else store.upsert(record);
  }

  async function waitAfter(error: unknown, signal: AbortSignal): Promise<void> {
    failures += 1;
    failuresSinceList += 1;
    const delay = Math.max(retryAfterOf(error), backoffMs(failures, backoff));
    const seconds = Math.round(delay / 100) / 10;
    log.warn({ resource: target.path, reason: describeError(error) }, `list or watch failed, retrying in ${seconds} s`);
    const minMs = Math.max(retryAfterOf(error), backoffMs(1, { baseMs: recoveryMs, maxMs: delay }));
    await pauseUntilRecovery({ minMs, maxMs: delay, signal });
  }

  async function pauseUntilRecovery(pauses: { minMs: number; maxMs: number; signal: AbortSignal }): Promise<void> {
    const { minMs, maxMs, signal } = pauses;
    const recovered = new AbortController();
    const unsubscribe = transport.onRecovery?.(() => recovered.abort());
    await pause(minMs, signal);
    await pause(maxMs - minMs, AbortSignal.any([signal, recovered.signal]));
    unsubscribe?.();
  }

  const resource = target.path.slice(target.path.lastIndexOf('/') + 1);
  return {
    resource,
    cache: options.cache ?? resource,
    synced: synced.promise,
    hasSynced: () => hasSynced,
    freshness: freshness.current,
    async run(signal) {
      while (!signal.aborted) {
        try {
          resourceVersion ??= await listAll(signal);
          await watchFrom(resourceVersion, signal).finally(freshness.closed);
        } catch (error) {
          if (signal.aborted) return;
          await waitAfter(error, signal);
          if (isStatus(error, 410) || failuresSinceList >= failuresBeforeList) resourceVersion = undefined;
        }
      }
    },
  };
}
