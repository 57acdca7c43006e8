/** The cache folder for everything that is built or downloaded once, and locks on its content. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 250;
const defaultReminderMs = 30_000;
const sqliteBusy = 5;

/** Path of the cache folder, which may not exist yet. */
export function cacheDirectory(environment: NodeJS.ProcessEnv): string {
  const root = environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache');
  return resolve(root, 'accesskey-operator');
}

/** Default destination of progress lines. */
export function logToStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}

export interface LockOptions {
  /** What the process that holds the lock does, for messages: "building the control plane". */
  readonly activity: string;
  /** Receives a line when waiting begins, and another one every half minute. */
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Interval of the lines. Default: 30 seconds. */
  readonly reminderMs?: number;
}

/**
 * Runs work while no other process on this machine runs work under the same lock file, see {@link acquireLock}.
 *
 * @throws the error of the work, or the reason of the signal if it is aborted while waiting
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const release = await acquireLock(path, options);
  try {
    return await work();
  } finally {
    release();
  }
}

/**
 * Waits until no other process on this machine holds the lock.
 *
 * The lock is the operating system's lock on an (empty) SQLite database file. It is released when the process that
 * holds it ends for any reason, so there are no stale locks.
 *
 * @param path - lock file, created if missing in an existing folder. It is not removed, because that would be racy.
 * @returns a function that releases the lock
 * @throws the reason of the signal if it is aborted while waiting
 */
export async function acquireLock(path: string, options: LockOptions): Promise<() => void> {
  const database = new DatabaseSync(path);
  try {
    await acquire(database, options);
  } catch (error) {
    database.close();
    throw error;
  }
  return () => database.close();
}

async function acquire(database: DatabaseSync, options: LockOptions): Promise<void> {
  if (tryLock(database)) return;
  const { activity, log, signal, reminderMs = defaultReminderMs } = options;
  const started = performance.now();
  log(`Another process is ${activity}; waiting for it`);
  const reminder = setInterval(() => {
    const seconds = Math.round((performance.now() - started) / 1000);
    log(`Another process is still ${activity}; waiting for ${seconds} s`);
  }, reminderMs);
  try {
    do {
      await sleep(pollMs, undefined, signal ? { signal } : {});
    } while (!tryLock(database));
  } finally {
    clearInterval(reminder);
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
