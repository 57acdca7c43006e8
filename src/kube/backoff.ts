export interface BackoffOptions {
  /** First delay, milliseconds. */
  baseMs: number;
  /** Bound of the delay, milliseconds. */
  maxMs: number;
}

/**
 * Delay before the next attempt: exponential, with half of it drawn at random so that many clients spread out.
 *
 * @param failures how many attempts have failed in a row, from 1
 * @returns milliseconds
 */
export function backoffMs(failures: number, { baseMs, maxMs }: BackoffOptions, random = Math.random): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (full / 2) * random();
}
