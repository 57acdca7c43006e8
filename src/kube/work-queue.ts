import { type BackoffOptions, backoffMs } from './time.ts';
import { createWaitingKeys, type Priority, type WaitingKey } from './waiting-keys.ts';

/** Longest delay of setTimeout, milliseconds: it fires immediately for a longer one. */
const maxTimerMs = 2 ** 31 - 1;

/** Result of handling a key, as controller-runtime calls it. */
export type HandleResult = 'success' | 'error' | 'requeue_after';

/** Measurements of a work queue, taken where client-go takes them (util/workqueue, MetricsProvider). */
export interface WorkQueueMetrics {
  /** The number of waiting keys changed. */
  depth(keys: number): void;
  /** A key that was not waiting was added. */
  added(): void;
  /** A key failed and will be retried. */
  retried(): void;
  /** Handling of a key starts. */
  started(waitedSeconds: number): void;
  /** A key was handled. */
  handled(result: HandleResult, seconds: number): void;
}

const noMetrics: WorkQueueMetrics = {
  depth: () => undefined,
  added: () => undefined,
  retried: () => undefined,
  started: () => undefined,
  handled: () => undefined,
};

export interface WorkQueueOptions {
  /** How many keys are handled at the same time. One key is never handled twice at the same time. */
  concurrency: number;
  /**
   * How many urgent keys are handled in addition while `concurrency` keys are, each of a different group. So an urgent key
   * starts although slow requests for other keys occupy the queue. Default: 0.
   */
  reserve?: number;
  /** The group of a key. Groups take turns, see waiting-keys.ts. Default: all keys are in one group. */
  groupOf?: (key: string) => string;
  /** Delays between attempts for a failing key. */
  backoff: BackoffOptions;
  /**
   * Handles one key. Resolves with the milliseconds after which to handle it again, or undefined. Timers do not follow jumps
   * of the wall clock, so a handler that waits for a time of day must check it from time to time. A rejection requeues the
   * key with backoff.
   */
  handle: (key: string) => Promise<number | undefined>;
  /** Called for each failed attempt. @returns the minimum delay before the retry, milliseconds */
  onFailure: (key: string, error: unknown) => number;
  /** Default: none. */
  metrics?: WorkQueueMetrics;
}

/**
 * A queue of keys like client-go's workqueue: a key that is added more than once waits once; a key that is added while
 * it is handled is handled again afterwards; failures back off. The delay from the latest handling replaces an earlier
 * one. Keys of a higher priority come first, as in controller-runtime's priority queue, and groups of keys take turns
 * (waiting-keys.ts). A retry after a failure keeps the priority.
 */
export interface WorkQueue {
  /**
   * Queues a key. Handling starts only after the caller has returned to the event loop.
   *
   * @param priority default: normal
   */
  add(key: string, priority?: Priority): void;
  /** Number of keys that wait or are being handled. */
  readonly size: number;
  /**
   * Accepts no more keys and drops those that wait, except those added just before that can start at once. Resolves when
   * those being handled are done.
   */
  shutDown(): Promise<void>;
}

interface StartedKey extends WaitingKey {
  /** Whether it was started in the reserve. */
  readonly isReserved: boolean;
}

/** The next attempt of a key that was handled. */
interface Again {
  delayMs: number;
  failed: boolean;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { concurrency, reserve = 0, groupOf = () => '' } = options;
  const { backoff, handle, onFailure, metrics = noMetrics } = options;
  const waiting = createWaitingKeys(groupOf);
  const active = new Map<string, Promise<void>>();
  /** Groups of the keys that were started in the reserve and are still handled. */
  const reserved = new Set<string>();
  const timers = new Map<string, NodeJS.Timeout>();
  const failures = new Map<string, number>();
  let open = true;
  /** Resolves when the scheduled start of waiting keys is done; undefined if none is scheduled. */
  let scheduled: Promise<void> | undefined;

  function add(key: string, priority: Priority = 'normal'): void {
    if (!open) return;
    enqueue(key, priority);
    scheduleStart();
  }

  function enqueue(key: string, priority: Priority): void {
    if (!waiting.add(key, priority)) return;
    metrics.added();
    metrics.depth(waiting.size);
  }

  /** The caller of `add` may be in the middle of a change, so handling starts in a later turn of the event loop. */
  function scheduleStart(): void {
    scheduled ??= new Promise((resolve) => {
      setImmediate(() => {
        scheduled = undefined;
        startWaiting();
        resolve();
      });
    });
  }

  function startWaiting(): void {
    for (let next = take(); next; next = take()) {
      metrics.depth(waiting.size);
      metrics.started(secondsSince(next.since));
      active.set(next.key, run(next));
    }
  }

  function take(): StartedKey | undefined {
    const isActive = (key: string) => active.has(key);
    if (active.size < concurrency) {
      const next = waiting.take(isActive);
      return next && { ...next, isReserved: false };
    }
    if (active.size >= concurrency + reserve) return undefined;
    const next = waiting.takeUrgent((key) => isActive(key) || reserved.has(groupOf(key)));
    if (next) reserved.add(groupOf(next.key));
    return next && { ...next, isReserved: true };
  }

  async function run({ key, priority, isReserved }: StartedKey): Promise<void> {
    cancelTimer(key);
    const again = await attempt(key);
    active.delete(key);
    if (isReserved) reserved.delete(groupOf(key));
    if (again)
      addAfter(key, { delayMs: Math.min(again.delayMs, maxTimerMs), priority: again.failed ? priority : 'normal' });
    if (open) startWaiting();
  }

  /** @returns when to handle the key again, if at all */
  async function attempt(key: string): Promise<Again | undefined> {
    const startedAt = performance.now();
    try {
      const delay = await handle(key);
      failures.delete(key);
      metrics.handled(delay === undefined ? 'success' : 'requeue_after', secondsSince(startedAt));
      return delay === undefined ? undefined : { delayMs: delay, failed: false };
    } catch (error) {
      metrics.handled('error', secondsSince(startedAt));
      metrics.retried();
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      return { delayMs: Math.max(onFailure(key, error), backoffMs(count, backoff)), failed: true };
    }
  }

  function addAfter(key: string, { delayMs, priority }: { delayMs: number; priority: Priority }): void {
    if (!open) return;
    const timer = setTimeout(() => {
      timers.delete(key);
      enqueue(key, priority);
      startWaiting();
    }, delayMs);
    timers.set(key, timer);
  }

  function cancelTimer(key: string): void {
    clearTimeout(timers.get(key));
    timers.delete(key);
  }

  return {
    add,
    get size() {
      return waiting.size + active.size;
    },
    async shutDown() {
      open = false;
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      // A start that is already scheduled still happens; what it leaves waiting is dropped.
      await scheduled;
      waiting.clear();
      metrics.depth(0);
      await Promise.all(active.values());
    },
  };
}

function secondsSince(at: number): number {
  return (performance.now() - at) / 1000;
}
