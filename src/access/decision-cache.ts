import { LRUCache } from 'lru-cache';

/** A bounded memory in which each owner has a bounded share. */
export interface Remembered<T> {
  get(key: string): T | undefined;
  set(owner: string, key: string, value: T): void;
}

/**
 * Forgets what was not used for longest when it is full. An owner whose share is full makes room by what was set for it
 * longest ago, so that nobody makes others' be forgotten by asking for much.
 *
 * @param bounds both are whole numbers of at least 1
 */
export function createRemembered<T>(bounds: { total: number; perOwner: number }): Remembered<T> {
  const shares = new Map<string, Set<string>>();
  const all = new LRUCache<string, { owner: string; value: T }>({
    max: bounds.total,
    dispose({ owner }, key, reason) {
      if (reason !== 'set') give(owner, key);
    },
  });

  function give(owner: string, key: string): void {
    const share = shares.get(owner);
    share?.delete(key);
    if (share?.size === 0) shares.delete(owner);
  }

  /** What is set anew is the latest again. */
  function take(owner: string, key: string): Set<string> {
    const share = shares.get(owner) ?? new Set();
    share.delete(key);
    shares.set(owner, share.add(key));
    return share;
  }

  return {
    get: (key) => all.get(key)?.value,
    set(owner, key, value) {
      const share = take(owner, key);
      all.set(key, { owner, value });
      const [oldest] = share;
      if (share.size > bounds.perOwner && oldest !== undefined) all.delete(oldest);
    },
  };
}
