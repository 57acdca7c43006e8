export interface CooldownOptions {
  /** How long a failure is kept, milliseconds. */
  ms: number;
  /** Monotonic clock, milliseconds. */
  now?: (() => number) | undefined;
}

/**
 * Does not repeat a failed request for a while: callers get the same error instead. So the requests of clients do not cause
 * requests to a server that fails.
 */
export function withCooldown<A extends unknown[], T>(
  request: (...args: A) => Promise<T>,
  { ms, now = () => performance.now() }: CooldownOptions,
): (...args: A) => Promise<T> {
  let failed: { error: unknown; at: number } | undefined;
  return async (...args) => {
    if (failed && now() - failed.at < ms) throw failed.error;
    try {
      const result = await request(...args);
      failed = undefined;
      return result;
    } catch (error) {
      failed = { error, at: now() };
      throw error;
    }
  };
}
