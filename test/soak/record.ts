/** Counts what happened in a soak run. */
export interface SoakRecord {
  /** Counts a success of an activity. */
  done(activity: string): void;
  /** Counts a failure that must not happen. */
  failed(activity: string, reason: string): void;
  readonly counts: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
}

export function createRecord(): SoakRecord {
  const counts: Record<string, number> = {};
  const failures: Record<string, number> = {};
  const add = (to: Record<string, number>, key: string) => {
    to[key] = (to[key] ?? 0) + 1;
  };
  return {
    done: (activity) => add(counts, activity),
    failed: (activity, reason) => add(failures, `${activity}: ${reason}`),
    counts,
    failures,
  };
}
