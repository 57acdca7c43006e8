import { setTimeout as sleep } from 'node:timers/promises';

const intervalMs = 50;

/**
 * Asks again and again until there is an answer.
 *
 * @param what what is waited for, for the message
 * @param ask gives undefined or false while it is not there yet; a rejection counts as not there yet
 * @throws Error naming what did not come within `withinMs`, with the last rejection as its cause
 */
export async function poll<T>(what: string, ask: () => Promise<T | undefined | false>, withinMs = 30_000): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    let last: unknown;
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${withinMs / 1000} s`, { cause: last });
    await sleep(intervalMs);
  }
}
