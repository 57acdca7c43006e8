/** No decision in time. That is no word about the cluster: the question may not have been sent yet. */
export class UndecidedError extends Error {
  override readonly name = 'UndecidedError';
}

/**
 * Waits for a promise, but not for ever. What it stands for goes on.
 *
 * @param ms time, milliseconds
 * @throws UndecidedError when the time is over
 */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new UndecidedError(`no decision within ${ms / 1000} s`)), ms);
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
