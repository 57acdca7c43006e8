import { type BackoffOptions, backoffMs } from './backoff.ts';

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

export function createWorkQueue({ concurrency, backoff, handle, onFailure }: WorkQueueOptions): WorkQueue {
  const waiting = new Set<string>();
  const active = new Map<string, Promise<void>>();
  const timers = new Map<string, NodeJS.Timeout>();
  const failures = new Map<string, number>();
  let open = true;
  /** The pass that is due; undefined when none is. */
  let pass: Promise<void> | undefined;

  function add(key: string): void {
    if (!open) return;
    waiting.add(key);
    schedulePass();
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
    for (const key of waiting) {
      if (active.size >= concurrency) return;
      if (active.has(key)) continue;
      waiting.delete(key);
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
    try {
      const delay = await handle(key);
      failures.delete(key);
      return delay === undefined ? undefined : Math.min(delay, maxRequeueMs);
    } catch (error) {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      return Math.min(Math.max(onFailure(key, error), backoffMs(count, backoff)), maxTimerMs);
    }
  }

  function addAfter(key: string, delayMs: number): void {
    if (!open) return;
    const timer = setTimeout(() => {
      timers.delete(key);
      waiting.add(key);
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
      await Promise.all(active.values());
    },
  };
}
