/** How fresh the records of a store are. */
export interface Freshness {
  /** resourceVersion of the collection that the records are of; undefined before the first list. */
  readonly resourceVersion: string | undefined;
  /** Time since the API server was last heard about the collection, seconds; Infinity before the first list. */
  readonly ageSeconds: number;
  /** Whether a watch is open, by which each change comes at once. */
  readonly watching: boolean;
}

/** Keeps account of how fresh the records of one store are. */
export interface FreshnessRecord {
  /** The API server was heard, and the records are those of this resourceVersion. Without one it stays as it is. */
  heard(resourceVersion?: string): void;
  /** A watch was answered. */
  opened(): void;
  /** The watch is over, however it ended. */
  closed(): void;
  current(): Freshness;
}

/**
 * A watch that has stood for so long, milliseconds, shows that the API server was there when it was opened. Not at once:
 * a broken proxy may answer anything, and what changed before the watch was opened has to arrive first.
 */
const soundWatchMs = 1_000;

/** @param now monotonic clock, milliseconds */
export function createFreshnessRecord(now: () => number = () => performance.now()): FreshnessRecord {
  let resourceVersion: string | undefined;
  let heardAt = Number.NEGATIVE_INFINITY;
  /** Of the watch that is open. */
  let openedAt: number | undefined;
  function lastHeard(): number {
    if (openedAt === undefined || now() - openedAt < soundWatchMs) return heardAt;
    return Math.max(heardAt, openedAt);
  }
  return {
    heard(version = resourceVersion) {
      resourceVersion = version;
      heardAt = now();
    },
    opened() {
      openedAt = now();
    },
    closed() {
      heardAt = lastHeard();
      openedAt = undefined;
    },
    current: () => ({
      resourceVersion,
      ageSeconds: (now() - lastHeard()) / 1000,
      watching: openedAt !== undefined,
    }),
  };
}
