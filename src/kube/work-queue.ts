import { type BackoffOptions, backoffMs } from './backoff.ts';
import { unmeasured, type WorkQueueMetrics } from './work-queue-metrics.ts';

/**
 * The longest time after which a key is looked at again, milliseconds. What a handler waits for is a time of the wall
 * clock, and timers do not follow when that jumps: a handler that is asked again computes from the clock as it is now.
 */
const maxRequeueMs = 30_000;
/** The longest delay of setTimeout, milliseconds: a longer one would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

export interface WorkQueueOptions {
  /** How many keys are handled at the same time. A key is never handled twice at once. */
  concurrency: number;
  /** Delays between attempts at a key that fails. */
  backoff: BackoffOptions;
  /**
   * Handles one key. Resolves with the milliseconds after which the key is to be looked at again, or undefined. It is
   * called sooner than it asked for, each 30 seconds at the latest. A rejection puts the key back with back-off.
   */
  handle: (key: string) => Promise<number | undefined>;
  /** Told of each failed attempt. Gives the least delay that the failure itself asks for, milliseconds. */
  onFailure: (key: string, error: unknown) => number;
  /** Told of what the queue does. Default: nobody is. */
  metrics?: WorkQueueMetrics;
}

/**
 * A queue of keys in the manner of client-go's workqueue: a key waits once however often it is added; a key added while
 * it is handled is handled once more afterwards; failures back off. The delay that the last handling asked for replaces
 * the one before.
 */
export interface WorkQueue {
  /** Never handles the key before the caller is done with what it is doing. */
  add(key: string): void;
  /** Keys that wait or are being handled now. */
  readonly depth: number;
  /** Takes no more keys and resolves when those being handled are done. */
  shutDown(): Promise<void>;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { concurrency, backoff, handle, onFailure, metrics = unmeasured } = options;
  /** Keys that wait, and since when by the monotonic clock, milliseconds. */
  const waiting = new Map<string, number>();
  const active = new Map<string, Promise<void>>();
  const timers = new Map<string, NodeJS.Timeout>();
  const failures = new Map<string, number>();
  let open = true;
  /** The pass that is due; undefined when none is. */
  let pass: Promise<void> | undefined;

  function add(key: string): void {
    if (!open) return;
    enqueue(key);
    schedulePass();
  }

  function enqueue(key: string): void {
    if (waiting.has(key)) return;
    waiting.set(key, performance.now());
    metrics.added();
    metrics.depth(waiting.size);
  }

  /** Who adds a key may be in the middle of a change, so handling begins in a turn of the event loop of its own. */
  function schedulePass(): void {
    pass ??= new Promise((resolve) => {
      setImmediate(() => {
        pass = undefined;
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
    if (delay !== undefined) addAfter(key, delay);
    if (open) startWaiting();
  }

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
      return Math.min(Math.max(onFailure(key, error), backoffMs(count, backoff)), maxTimerMs);
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
    get depth() {
      return waiting.size + active.size;
    },
    async shutDown() {
      open = false;
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      // A pass that is due still begins: its keys were added before.
      await pass;
      waiting.clear();
      metrics.depth(0);
      await Promise.all(active.values());
    },
  };
}

function secondsSince(at: number): number {
  return (performance.now() - at) / 1000;
}
