/** How urgent a key of a work queue is. */
export type Priority = 'high' | 'normal' | 'low';

const priorities: readonly Priority[] = ['high', 'normal', 'low'];
/** After this number of starts, the key that has waited longest comes first, so no key waits forever. */
const startsUntilOldest = 8;

export interface WaitingKey {
  readonly key: string;
  readonly priority: Priority;
  /** When it was added, on the monotonic clock, milliseconds. */
  readonly since: number;
}

/** The waiting keys of a work queue, each once. */
export interface WaitingKeys {
  /**
   * Adds a key. A key that already waits with a lower priority is promoted; it keeps the time since when it has waited.
   *
   * @returns whether the key is new
   */
  add(key: string, priority: Priority): boolean;
  /**
   * Removes the next key: of the highest priority, the one that was added first. Every eighth time, it is the one that has
   * waited longest.
   *
   * @param isBusy whether a key must be skipped
   * @returns undefined if no key can start
   */
  take(isBusy: (key: string) => boolean): WaitingKey | undefined;
  clear(): void;
  readonly size: number;
}

export function createWaitingKeys(): WaitingKeys {
  const levels = priorities.map((priority) => ({ priority, keys: new Map<string, number>() }));
  let starts = 0;
  const count = () => levels.reduce((sum, { keys }) => sum + keys.size, 0);

  /** @returns the first key of each priority that can start, the highest first */
  function candidates(isBusy: (key: string) => boolean): WaitingKey[] {
    return levels.flatMap(({ priority, keys }) => {
      for (const [key, since] of keys) if (!isBusy(key)) return [{ key, priority, since }];
      return [];
    });
  }

  return {
    get size() {
      return count();
    },
    add(key, priority) {
      const rank = priorities.indexOf(priority);
      const known = levels.findIndex(({ keys }) => keys.has(key));
      if (known !== -1 && known <= rank) return false;
      const since = levels[known]?.keys.get(key) ?? performance.now();
      levels[known]?.keys.delete(key);
      levels[rank]?.keys.set(key, since);
      return known === -1;
    },
    take(isBusy) {
      const [first, ...others] = candidates(isBusy);
      if (!first) return undefined;
      starts += 1;
      const isOldestDue = starts % startsUntilOldest === 0;
      const next = isOldestDue ? others.reduce((a, b) => (b.since < a.since ? b : a), first) : first;
      levels[priorities.indexOf(next.priority)]?.keys.delete(next.key);
      return next;
    },
    clear() {
      for (const { keys } of levels) keys.clear();
    },
  };
}
