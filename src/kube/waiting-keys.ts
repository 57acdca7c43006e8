/** How urgent a key of a work queue is. */
export type Priority = 'urgent' | 'high' | 'normal' | 'low';

const priorities: readonly Priority[] = ['urgent', 'high', 'normal', 'low'];
/** Every start that is a multiple of this number goes to the key that has waited longest, so no key waits forever. */
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
   * Removes the next key. Groups take turns, in three ways:
   * - usually, the highest priority comes first, and the groups that have keys of it take turns;
   * - every second time, all groups take turns, each with its most urgent key, so urgent keys of one group cannot delay
   *   the other keys of another;
   * - every eighth time, it is the key that has waited longest.
   *
   * Keys of one group and priority keep their order.
   *
   * @param isBusy whether a key must be skipped
   * @returns undefined if no key can start
   */
  take(isBusy: (key: string) => boolean): WaitingKey | undefined;
  /** As `take`, but only urgent keys. */
  takeUrgent(isBusy: (key: string) => boolean): WaitingKey | undefined;
  clear(): void;
  readonly size: number;
}

/** Groups in the order of their turns, and the keys of each in the order in which they were added. */
type Turns = Map<string, Set<string>>;

/** @param groupOf the group of a key, for example its namespace; default: one group */
export function createWaitingKeys(groupOf: (key: string) => string = () => ''): WaitingKeys {
  /** In the order in which they were added. */
  const all = new Map<string, WaitingKey>();
  const levels: Readonly<Record<Priority, Turns>> = {
    urgent: new Map(),
    high: new Map(),
    normal: new Map(),
    low: new Map(),
  };
  /** Groups that have a waiting key of any priority, in the order of their turns. */
  const groups = new Set<string>();
  let starts = 0;

  function insert(one: WaitingKey): void {
    const group = groupOf(one.key);
    const turns = levels[one.priority];
    all.set(one.key, one);
    groups.add(group);
    turns.set(group, (turns.get(group) ?? new Set()).add(one.key));
  }

  /** Removes a key from its level. The group gets the last turn. */
  function removeFromLevel({ key, priority }: WaitingKey): void {
    const group = groupOf(key);
    const turns = levels[priority];
    const keys = turns.get(group);
    keys?.delete(key);
    turns.delete(group);
    if (keys && keys.size > 0) turns.set(group, keys);
  }

  function remove(one: WaitingKey): WaitingKey {
    const group = groupOf(one.key);
    all.delete(one.key);
    removeFromLevel(one);
    groups.delete(group);
    if (priorities.some((priority) => levels[priority].has(group))) groups.add(group);
    return one;
  }

  function byPriority(isBusy: (key: string) => boolean, among = priorities): string | undefined {
    for (const priority of among) {
      for (const keys of levels[priority].values()) {
        const key = firstIdle(keys, isBusy);
        if (key !== undefined) return key;
      }
    }
    return undefined;
  }

  function byGroup(isBusy: (key: string) => boolean): string | undefined {
    for (const group of groups) {
      for (const priority of priorities) {
        const key = firstIdle(levels[priority].get(group) ?? [], isBusy);
        if (key !== undefined) return key;
      }
    }
    return undefined;
  }

  function takeKey(key: string | undefined): WaitingKey | undefined {
    const one = key === undefined ? undefined : all.get(key);
    return one && remove(one);
  }

  return {
    get size() {
      return all.size;
    },
    add(key, priority) {
      const known = all.get(key);
      if (!known) {
        insert({ key, priority, since: performance.now() });
        return true;
      }
      if (priorities.indexOf(priority) >= priorities.indexOf(known.priority)) return false;
      removeFromLevel(known);
      insert({ ...known, priority });
      return false;
    },
    take(isBusy) {
      if (all.size === 0) return undefined;
      starts += 1;
      if (starts % startsUntilOldest === 0) return takeKey(firstIdle(all.keys(), isBusy));
      return takeKey(starts % 2 === 0 ? byGroup(isBusy) : byPriority(isBusy));
    },
    takeUrgent: (isBusy) => takeKey(byPriority(isBusy, ['urgent'])),
    clear() {
      all.clear();
      groups.clear();
      for (const priority of priorities) levels[priority].clear();
    },
  };
}

function firstIdle(keys: Iterable<string>, isBusy: (key: string) => boolean): string | undefined {
  for (const key of keys) if (!isBusy(key)) return key;
  return undefined;
}
