import { type BackoffOptions, backoffMs } from './time.ts';

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
  /** Delays between attempts for a failing key. */
  backoff: BackoffOptions;
  /**
   * Handles one key. Resolves with the milliseconds after which to handle it again, or undefined. A rejection requeues
   * the key with backoff.
   */
  handle: (key: string) => Promise<number | undefined>;
  /**
   * Longest delay until a key that `handle` requeued is handled again, milliseconds. Timers do not follow jumps of the
   * wall clock, so a handler that waits for a time of day must be called more often. Default: no limit.
   */
  maxRequeueMs?: number;
  /** Called for each failed attempt. @returns the minimum delay before the retry, milliseconds */
  onFailure: (key: string, error: unknown) => number;
  /** Default: none. */
  metrics?: WorkQueueMetrics;
}

/**
 * A queue of keys like client-go's workqueue: a key that is added more than once waits once; a key that is added while
 * it is handled is handled again afterwards; failures back off. The delay from the latest handling replaces an earlier
 * one.
 */
export interface WorkQueue {
  /** Queues a key. Handling starts only after the caller has returned to the event loop. */
  add(key: string): void;
  /** Number of keys that wait or are being handled. */
  readonly size: number;
  /**
   * Accepts no more keys and drops those that wait, except those added just before that can start at once. Resolves when
   * those being handled are done.
   */
  shutDown(): Promise<void>;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { concurrency, backoff, handle, maxRequeueMs = maxTimerMs, onFailure, metrics = noMetrics } = options;
  /** Keys that wait, and since when by the monotonic clock, milliseconds. */
  const waiting = new Map<string, number>();
  const active = new Map<string, Promise<void>>();
  const timers = new Map<string, NodeJS.Timeout>();
  const failures = new Map<string, number>();
  let open = true;
  /** Resolves when the scheduled start of waiting keys is done; undefined if none is scheduled. */
  let scheduled: Promise<void> | undefined;

  function add(key: string): void {
    if (!open) return;
    enqueue(key);
    scheduleStart();
  }

  function enqueue(key: string): void {
    if (waiting.has(key)) return;
    waiting.set(key, performance.now());
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
    for (const [key, since] of waiting) {
      if (active.size >= concurrency) return;
      if (active.has(key)) continue;
      waiting.delete(key);
      metrics.depth(waiting.size);
      metrics.started(secondsSince(since));
      active.set(key, run(key));
    }
  }

  async function run(key: string): Promise<void> {
    cancelTimer(key);
    const delay = await attempt(key);
    active.delete(key);
    if (delay !== undefined) addAfter(key, Math.min(delay, maxTimerMs));
    if (open) startWaiting();
  }

  /** @returns the delay until the next attempt, if there is to be one */
  async function attempt(key: string): Promise<number | undefined> {
    const startedAt = performance.now();
    try {
      const delay = await handle(key);
      failures.delete(key);
      metrics.handled(delay === undefined ? 'success' : 'requeue_after', secondsSince(startedAt));
      return delay === undefined ? undefined : Math.min(delay, maxRequeueMs);
    } catch (error) {
      metrics.handled('error', secondsSince(startedAt));
      metrics.retried();
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      return Math.max(onFailure(key, error), backoffMs(count, backoff));
    }
  }

  function addAfter(key: string, delayMs: number): void {
    if (!open) return;
    const timer = setTimeout(() => {
      timers.delete(key);
      enqueue(key);
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
