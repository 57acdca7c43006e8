import { setTimeout as sleep } from 'node:timers/promises';

const minIntervalMs = 50;
const maxIntervalMs = 1000;

/**
 * Calls a check repeatedly until it returns a result. The time between two calls grows with the time waited, so that a
 * long wait takes at most a tenth longer and costs little CPU time: many checks start a process.
 *
 * @param what what the caller waits for, for the error message
 * @param check returns undefined or false, or rejects, while there is no result yet
 * @param intervalMs a fixed time between two calls, for checks that must not miss anything between them
 * @returns the first result
 * @throws Error after `timeoutMs`, with the last rejection as its cause
 */
export async function poll<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  timeoutMs = 90_000,
  intervalMs?: number,
): Promise<T> {
  const startedAt = Date.now();
  for (;;) {
    let lastError: unknown;
    try {
      const result = await check();
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      lastError = error;
    }
    const waitedMs = Date.now() - startedAt;
    if (waitedMs > timeoutMs) {
      throw new Error(`timed out after ${timeoutMs / 1000} s waiting for ${what}`, { cause: lastError });
    }
    await sleep(intervalMs ?? Math.min(Math.max(waitedMs / 10, minIntervalMs), maxIntervalMs));
  }
}
