/** The cache folder for everything that is built or downloaded once, and locks on its content. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMilliseconds = 250;
const sqliteBusy = 5;

/** Path of the cache folder, which may not exist yet. */
export function cacheDirectory(environment: NodeJS.ProcessEnv): string {
  const root = environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache');
  return resolve(root, 'accesskey-operator');
}

export interface LockOptions {
  /** Called once if another process holds the lock. */
  readonly onWait?: () => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs work while no other process on this machine runs work under the same lock file.
 *
 * The lock is the operating system's lock on an (empty) SQLite database file. It is released when the process that
 * holds it ends for any reason, so there are no stale locks.
 *
 * @param path - lock file, created if missing in an existing folder. It is not removed, because that would be racy.
 * @throws the error of the work, or the reason of the signal if it is aborted while waiting
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
