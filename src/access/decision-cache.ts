import { LRUCache } from 'lru-cache';

/** A bounded cache in which each owner has a bounded share. */
export interface DecisionCache<T> {
  get(key: string): T | undefined;
  set(owner: string, key: string, value: T): void;
}

/**
 * A full cache evicts the least recently used entry. An owner with a full share evicts its own oldest entry, so that one
 * owner cannot evict the entries of others.
 *
 * @param bounds integers of at least 1
 */
export function createDecisionCache<T>(bounds: { total: number; perOwner: number }): DecisionCache<T> {
  /** The keys of each owner, oldest first. */
  const shares = new Map<string, Set<string>>();
  const entries = new LRUCache<string, { owner: string; value: T }>({
    max: bounds.total,
    dispose({ owner }, key, reason) {
      if (reason !== 'set') removeFromShare(owner, key);
    },
  });

  function removeFromShare(owner: string, key: string): void {
    const share = shares.get(owner);
    share?.delete(key);
    if (share?.size === 0) shares.delete(owner);
  }

  /** A key that is set again becomes the newest. */
  function addToShare(owner: string, key: string): Set<string> {
    const share = shares.get(owner) ?? new Set();
    share.delete(key);
    shares.set(owner, share.add(key));
    return share;
  }

  return {
    get: (key) => entries.get(key)?.value,
    set(owner, key, value) {
      const share = addToShare(owner, key);
      entries.set(key, { owner, value });
      const [oldest] = share;
      if (share.size > bounds.perOwner && oldest !== undefined) entries.delete(oldest);
    },
  };
}
