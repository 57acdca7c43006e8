import { type BackoffOptions, backoffMs } from './backoff.ts';

/** The longest timer; a later time is reached by looking again (setTimeout itself ends at 24.8 days). */
const maxTimerMs = 86_400_000;

export interface WorkQueueOptions {
  /** How many keys are handled at the same time. A key is never handled twice at once. */
  concurrency: number;
  /** Delays between attempts at a key that fails. */
  backoff: BackoffOptions;
  /**
   * Handles one key. Resolves with the milliseconds after which the key is to be looked at again, or undefined.
   * A rejection puts the key back with back-off.
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

  function add(key: string): void {
    if (!open) return;
    waiting.add(key);
    startNext();
  }

  function startNext(): void {
    for (const key of waiting) {
      if (!open || active.size >= concurrency) return;
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
    startNext();
  }

  async function attempt(key: string): Promise<number | undefined> {
    try {
      const delay = await handle(key);
      failures.delete(key);
      return delay;
    } catch (error) {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      return Math.max(onFailure(key, error), backoffMs(count, backoff));
    }
  }

  function addAfter(key: string, delayMs: number): void {
    if (!open) return;
    const timer = setTimeout(
      () => {
        timers.delete(key);
        add(key);
      },
      Math.min(delayMs, maxTimerMs),
    );
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
      waiting.clear();
      await Promise.all(active.values());
    },
  };
}
