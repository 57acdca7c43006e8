/** Locks a cache file between processes, so that parallel commands request one token. */

/** A process that keeps a lock updates it more often than this; else the lock is taken over. Milliseconds. */
const staleMs = 15_000;
/** More than the timeout of a request for a token, in total about 20 seconds. */
const retries = { retries: 200, factor: 1, minTimeout: 50, maxTimeout: 150, randomize: true };

/**
 * Runs a function while no other process runs one for the same file. The library is loaded only here, because most
 * commands find a token in the cache.
 *
 * @param file need not exist; its directory must
 * @throws Error if the lock cannot be created, for example in a read-only directory; what the function throws
 */
export async function withFileLock<T>(file: string, run: () => Promise<T>): Promise<T> {
  const { default: lockfile } = await import('proper-lockfile');
  // A lock that was lost, for example while the machine slept, only means that two tokens are requested.
  const onCompromised = () => undefined;
  const release = await lockfile.lock(file, { realpath: false, stale: staleMs, retries, onCompromised });
  try {
    return await run();
  } finally {
    await release().catch(() => undefined);
  }
}
