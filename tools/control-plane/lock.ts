import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMilliseconds = 250;
const sqliteBusy = 5;

export interface LockOptions {
  /** Called once if another process holds the lock. */
  readonly onWait?: () => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs work while no other process on this machine runs work under the same lock file.
 *
 * The lock is the operating system's lock on an (empty) SQLite database file, so that it ends with the process that
 * holds it, however that process ends: there is no age to guess after which a lock counts as left behind.
 *
 * @param path - lock file, created if missing; its folder must exist. It stays, because removing it would race.
 * @throws what the work throws, or the reason of the signal if it is aborted while waiting
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const database = new DatabaseSync(path);
  try {
    if (!tryLock(database)) {
      options.onWait?.();
      do {
        await sleep(pollMilliseconds, undefined, options.signal ? { signal: options.signal } : {});
      } while (!tryLock(database));
    }
    return await work();
  } finally {
    database.close();
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return false;
    throw error;
  }
}
