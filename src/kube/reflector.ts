import type { Logger } from 'pino';
import { pause } from './abort.ts';
import { backoffMs } from './backoff.ts';
import { describeError, isStatus, retryAfterOf } from './errors.ts';
import { createFreshnessRecord, type Freshness } from './freshness.ts';
import { type ListWatchTarget, list, type RawObject, type WatchEvent, watch } from './list-watch.ts';
import type { Store, Stored } from './store.ts';
import type { Transport } from './transport.ts';

const backoff = { baseMs: 500, maxMs: 30_000 };
/** Silence after which a watch counts as dead, milliseconds; the API server sends a bookmark about every minute. */
const defaultIdleTimeoutMs = 90_000;
/** A watch ends by itself after a random time in this range, seconds, so that load spreads over API servers. */
const watchSeconds = { min: 300, max: 600 };
/**
 * A watch that ends sooner without a change counts as failed, milliseconds: or a broken proxy would make us spin. A
 * bookmark is no change, it may be all that such a proxy sends.
 */
const shortestWatchMs = 1_000;
const failuresBeforeList = 3;

export interface ReflectorOptions<T extends Stored> {
  transport: Transport;
  target: ListWatchTarget;
  store: Pick<Store<T>, 'upsert' | 'remove' | 'replace'>;
  /** Makes the record of an object: only what is used, so that nothing else stays in memory. */
  transform: (object: RawObject) => T;
  log: Logger;
  /** Silence after which a watch counts as dead, milliseconds. Default: 90 seconds. */
  idleTimeoutMs?: number;
}

/** Keeps a store equal to a collection of the API server: list, watch, and again, whatever breaks. */
export interface Reflector {
  /** What is watched, in the plural, for example `secrets`. */
  readonly resource: string;
  /** Resolves when the first list is in the store. */
  readonly synced: Promise<void>;
  hasSynced(): boolean;
  /** How fresh the store is. A connection that died unnoticed counts as a watch until `idleTimeoutMs` have passed. */
  freshness(): Freshness;
  /** Runs until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * In the manner of client-go's reflector. Nothing ends it: 429 and 5xx, a dropped or half-open connection, a garbled
 * line and an expired credential are tried again with jittered back-off (Retry-After is honoured), and 410 leads to a
 * fresh list. So do three failures in a row, for what no status tells (a resourceVersion from before etcd was restored).
 * Failures count on over a list: only a watch that works ends them.
 */
export function createReflector<T extends Stored>(options: ReflectorOptions<T>): Reflector {
  const { transport, target, store, transform, log, idleTimeoutMs = defaultIdleTimeoutMs } = options;
  const synced = Promise.withResolvers<void>();
  const freshness = createFreshnessRecord();
  let hasSynced = false;
  /** Where to watch from; undefined when only a list can tell. */
  let resourceVersion: string | undefined;
  let failures = 0;
  let failuresSinceList = 0;

  async function listAll(signal: AbortSignal): Promise<string> {
    const answer = await list(transport, target, signal);
    store.replace(answer.items.map(transform));
    freshness.heard(answer.resourceVersion);
    failuresSinceList = 0;
    if (!hasSynced) log.info({ resource: target.path, objects: answer.items.length }, 'cache filled');
    hasSynced = true;
    synced.resolve();
    return answer.resourceVersion;
  }

  async function watchFrom(start: string, signal: AbortSignal): Promise<void> {
    const timeoutSeconds = Math.round(watchSeconds.min + Math.random() * (watchSeconds.max - watchSeconds.min));
    const startedAt = performance.now();
    const isLong = () => performance.now() - startedAt >= shortestWatchMs;
    let changes = 0;
    const from = { resourceVersion: start, timeoutSeconds, idleTimeoutMs, signal, opened: freshness.opened };
    for await (const event of watch(transport, target, from)) {
      take(event);
      resourceVersion = event.object.metadata.resourceVersion;
      freshness.heard(resourceVersion);
      if (event.type !== 'BOOKMARK') changes += 1;
      if (changes > 0 || isLong()) forgetFailures();
    }
    if (changes === 0 && !isLong()) throw new Error('the watch ended at once');
    freshness.heard();
    forgetFailures();
  }

  function forgetFailures(): void {
    failures = 0;
    failuresSinceList = 0;
  }

  function take({ type, object }: WatchEvent): void {
    if (type === 'BOOKMARK') return;
    const record = transform(object);
    if (type === 'DELETED') store.remove(record.key);
    else store.upsert(record);
  }

  async function waitAfter(error: unknown, signal: AbortSignal): Promise<void> {
    failures += 1;
    failuresSinceList += 1;
    const asked = retryAfterOf(error);
    const delay = Math.max(asked, backoffMs(failures, backoff));
    const seconds = Math.round(delay / 100) / 10;
    log.warn({ resource: target.path, reason: describeError(error) }, `watch failed, trying again in ${seconds} s`);
    await pause(delay, signal);
  }

  return {
    resource: target.path.slice(target.path.lastIndexOf('/') + 1),
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
