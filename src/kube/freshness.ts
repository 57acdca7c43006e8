/** How fresh the records of a store are. */
export interface Freshness {
  /** resourceVersion of the collection that the records represent; undefined before the first list. */
  readonly resourceVersion: string | undefined;
  /** Seconds since the API server last confirmed the records; Infinity before the first list. */
  readonly ageSeconds: number;
  /** Whether a watch is open, so that changes arrive immediately. */
  readonly watching: boolean;
}

/** Tracks the freshness of one store. */
export interface FreshnessTracker {
  /** The API server confirmed the records, at this resourceVersion or, if unset, at the last one. */
  confirmed(resourceVersion?: string): void;
  /** A watch was opened. */
  opened(): void;
  /** The watch ended, for whatever reason. */
  closed(): void;
  current(): Freshness;
}

/**
 * A watch that has been open for this time, milliseconds, confirms the records as of when it was opened. Not earlier: a
 * broken proxy may respond with anything, and changes from before the watch have to arrive first.
 */
const minWatchMs = 1_000;

/** @param now monotonic clock, milliseconds */
export function createFreshnessTracker(now: () => number = () => performance.now()): FreshnessTracker {
  let resourceVersion: string | undefined;
  let confirmedAt = Number.NEGATIVE_INFINITY;
  /** Of the open watch. */
  let openedAt: number | undefined;
  function lastConfirmed(): number {
    if (openedAt === undefined || now() - openedAt < minWatchMs) return confirmedAt;
    return Math.max(confirmedAt, openedAt);
  }
  return {
    confirmed(version = resourceVersion) {
      resourceVersion = version;
      confirmedAt = now();
    },
    opened() {
      openedAt = now();
    },
    closed() {
      confirmedAt = lastConfirmed();
      openedAt = undefined;
    },
    current: () => ({
      resourceVersion,
      ageSeconds: (now() - lastConfirmed()) / 1000,
      watching: openedAt !== undefined,
    }),
  };
}
