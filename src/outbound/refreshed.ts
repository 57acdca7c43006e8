export interface RefreshedOptions<T> {
  /** @param previous the last loaded value */
  load: (previous: T | undefined) => Promise<T>;
  /** How long a value is used before it is loaded again, milliseconds. */
  freshMs: number;
  /** Time between two attempts to load it while that fails, milliseconds. */
  retryMs: number;
  /**
   * Set if a stale value is used only while it cannot be loaded again. If unset, a stale value is used at once and at any
   * age, and is loaded again in the background.
   */
  stale?: StaleLimits | undefined;
  /** Monotonic clock, milliseconds. */
  now?: (() => number) | undefined;
}

export interface StaleLimits {
  /** How long a value is used since it was loaded, milliseconds. */
  maxMs: number;
  /** How long after a failed attempt a stale value is used without waiting for the next attempt, milliseconds. */
  outageMs: number;
}

/**
 * Keeps a value of a server that may be unavailable, and loads it again when it is used. Concurrent callers share one
 * attempt. The monotonic clock decides, so that nothing changes if the clock of the machine is set.
 *
 * @returns a function that returns the value; without one, it throws the error of the last attempt
 */
export function createRefreshed<T>(options: RefreshedOptions<T>): () => Promise<T> {
  const { load, freshMs, retryMs, stale, now = () => performance.now() } = options;
  let current: { value: T; at: number } | undefined;
  let failed: { error: unknown; at: number } | undefined;
  let pending: Promise<void> | undefined;

  const isWithin = (ms: number, since: { at: number } | undefined) => since !== undefined && now() - since.at < ms;

  async function refresh(): Promise<void> {
    // The value may have changed at the server since then.
    const at = now();
    try {
      current = { value: await load(current?.value), at };
      failed = undefined;
    } catch (error) {
      failed = { error, at: now() };
    } finally {
      pending = undefined;
    }
  }

  /** Whether the current value may be used at its age. */
  const isUsable = () => current !== undefined && (!stale || isWithin(stale.maxMs, current));
  const mayUseStale = () => isUsable() && (!stale || isWithin(stale.outageMs, failed));

  return async () => {
    const isFresh = isWithin(freshMs, current);
    if (!isFresh && !isWithin(retryMs, failed)) pending ??= refresh();
    if (!isFresh && !mayUseStale()) await pending;
    if (current && isUsable()) return current.value;
    throw failed?.error;
  };
}
