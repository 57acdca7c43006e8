import { setTimeout as sleep } from 'node:timers/promises';

const intervalMs = 50;

/**
 * Calls a check repeatedly until it returns a result.
 *
 * @param what what the caller waits for, for the error message
 * @param check returns undefined or false, or rejects, while there is no result yet
 * @returns the first result
 * @throws Error after `timeoutMs`, with the last rejection as its cause
 */
export async function poll<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  timeoutMs = 90_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let lastError: unknown;
    try {
      const result = await check();
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`timed out after ${timeoutMs / 1000} s waiting for ${what}`, { cause: lastError });
    }
    await sleep(intervalMs);
  }
}
