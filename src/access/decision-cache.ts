import { LRUCache } from 'lru-cache';

/** A bounded cache in which each subject has a bounded share. */
export interface DecisionCache<T> {
  get(key: string): T | undefined;
  set(subject: string, key: string, value: T): void;
}

/**
 * A full cache evicts the least recently used entry. A subject with a full share evicts its own oldest entry, so that
 * one subject cannot evict the entries of others.
 *
 * @param bounds integers of at least 1
 */
export function createDecisionCache<T>(bounds: { total: number; perSubject: number }): DecisionCache<T> {
  /** The keys of each subject, oldest first. */
  const shares = new Map<string, Set<string>>();
  const entries = new LRUCache<string, { subject: string; value: T }>({
    // Not max, with which the library allocates memory for all entries at once.
    maxSize: bounds.total,
    sizeCalculation: () => 1,
    dispose({ subject }, key, reason) {
      if (reason !== 'set') removeFromShare(subject, key);
    },
  });

  function removeFromShare(subject: string, key: string): void {
    const share = shares.get(subject);
    share?.delete(key);
    if (share?.size === 0) shares.delete(subject);
  }

  /** A key that is set again becomes the newest. */
  function addToShare(subject: string, key: string): Set<string> {
    const share = shares.get(subject) ?? new Set();
    share.delete(key);
    shares.set(subject, share.add(key));
    return share;
  }

  return {
    get: (key) => entries.get(key)?.value,
    set(subject, key, value) {
      const share = addToShare(subject, key);
      entries.set(key, { subject, value });
      const [oldest] = share;
      if (share.size > bounds.perSubject && oldest !== undefined) entries.delete(oldest);
    },
  };
}
