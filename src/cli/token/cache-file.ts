/** The token cache on disk. A cache that cannot be used makes commands slower but never fails them. */
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dayMs } from '../../kube/duration.ts';
import { replacedBy, replaceFile } from '../files/replace-file.ts';
import { type CacheKey, cacheFileName, formatEntry, parseEntry } from './cache-entry.ts';
import type { IssuedToken } from './response.ts';
import type { Environment } from './source.ts';

/** One user's cached tokens. */
export interface TokenCache {
  /** @returns the cached token; undefined if there is none that can be trusted */
  read(key: CacheKey): Promise<IssuedToken | undefined>;
  /** @throws Error if the token cannot be stored */
  write(key: CacheKey, issued: IssuedToken): Promise<void>;
  /** Creates the directory. @returns the path of the file of a key. @throws Error if the directory cannot be used */
  prepare(key: CacheKey): Promise<string>;
}

/** The directory of the cache (XDG Base Directory Specification; relative paths are ignored as it requires). */
export function cacheDirectory(env: Environment, homeDirectory: string): string {
  const base = env.XDG_CACHE_HOME;
  return join(base?.startsWith('/') ? base : join(homeDirectory, '.cache'), 'kubectl-accesskey');
}

/** A link could point to a file of another user, and opening a pipe would wait for its writer. */
const openFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const groupAndOthers = 0o077;
/** No token is valid longer; an older file is removed. */
const maxFileAgeMs = 31 * dayMs;

/**
 * Opens the cache of a user.
 *
 * @param uid of the user: files of others are not trusted; undefined if the system has no uids
 * @param now milliseconds since the epoch
 */
export function openTokenCache(directory: string, uid: number | undefined, now: () => number): TokenCache {
  const fileOf = (key: CacheKey) => join(directory, cacheFileName(key));

  async function readTrusted(file: string): Promise<string> {
    const handle = await open(file, openFlags);
    try {
      const { mode, uid: owner } = await handle.stat();
      const isPrivate = uid === undefined || ((mode & groupAndOthers) === 0 && owner === uid);
      return isPrivate ? await handle.readFile('utf8') : '';
    } finally {
      await handle.close();
    }
  }

  /** @returns the mode of the directory. @throws Error if it, or a link in its place, belongs to another user */
  async function requireOwn(): Promise<number> {
    const found = await lstat(directory);
    if (uid !== undefined && found.uid !== uid) throw new Error('the directory belongs to another user');
    return found.mode;
  }

  return {
    read: async (key) => parseEntry(await readTrusted(fileOf(key)).catch(() => '')),
    async write(key, issued) {
      await requireOwn();
      await replaceFile(fileOf(key), formatEntry(issued), { mode: 0o600 });
      await removeOld(directory, now());
    },
    async prepare(key) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const mode = await requireOwn();
      if (uid !== undefined && (mode & groupAndOthers) !== 0) await chmod(directory, 0o700);
      return fileOf(key);
    },
  };
}

/** Cache files and their locks. */
const ownNames = /^[0-9a-f]{64}\.json(\.lock)?$/;

function isOwn(name: string): boolean {
  return ownNames.test(replacedBy(name) ?? name);
}

/** Removes files of expired tokens and of interrupted writes, and nothing else. */
async function removeOld(directory: string, now: number): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter(isOwn)) {
    const file = join(directory, name);
    const { mtimeMs = now } = (await stat(file).catch(() => undefined)) ?? {};
    if (now - mtimeMs > maxFileAgeMs) await rm(file, { force: true, recursive: true });
  }
}
