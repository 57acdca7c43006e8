import { isStatus } from './errors.ts';

/** Attempts of a change. Usually only the status has changed, such as the time of last use. */
const attempts = 5;

/**
 * Repeats a change that starts with a read while something else changes the object in between, as RetryOnConflict of
 * client-go does.
 *
 * @throws the last conflict after five attempts; any other error at once
 */
export async function retryOnConflict<T>(change: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change();
    } catch (error) {
      if (!isConflict(error) || attempt === attempts) throw error;
    }
  }
}

/** @returns whether the object has changed since it was read */
export function isConflict(error: unknown): boolean {
  return isStatus(error, 409);
}
