import { execFileSync } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheFileName } from '../../../../src/cli/token/cache-entry.ts';
import { cacheDirectory, openTokenCache, type TokenCache } from '../../../../src/cli/token/cache-file.ts';

const key = { server: 'https://keys.example.org', identity: 'ak' };
const now = Date.now();
const issued = { token: 'e30.e30.c2ln', issuedAt: now, expiresAt: now + 3_600_000 };
const uid = process.getuid?.();

let base: string;
let directory: string;
let cache: TokenCache;
let file: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'token-cache-'));
  directory = join(base, 'a', 'kubectl-accesskey');
  cache = openTokenCache(directory, uid, Date.now);
  file = await cache.prepare(key);
  await cache.write(key, issued);
});
afterEach(() => rm(base, { recursive: true }));

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe('the token cache', () => {
  it('stores tokens for the user only', async () => {
    expect(await cache.read(key)).toEqual(issued);
    expect([await modeOf(directory), await modeOf(file)]).toEqual(['700', '600']);
    expect(await cache.read({ ...key, audience: 'other' })).toBeUndefined();
  });

  it.each([
    ['is corrupt', () => writeFile(file, '{"version":1,')],
    ['others can read', () => chmod(file, 0o644)],
    ['is a link', () => rename(file, `${file}.real`).then(() => symlink(`${file}.real`, file))],
    ['is a directory', () => rm(file).then(() => mkdir(file))],
    ['is a pipe', () => rm(file).then(() => void execFileSync('mkfifo', ['-m', '600', file]))],
    ['does not exist', () => rm(file)],
  ])('ignores a file that %s', async (_, damage) => {
    await damage();
    expect(await cache.read(key)).toBeUndefined();
  });

  it.each([
    ['is corrupt', () => writeFile(file, '{"version":1,')],
    ['others can read', () => chmod(file, 0o644)],
  ])('replaces a file that %s', async (_, damage) => {
    await damage();
    await cache.write(key, issued);
    expect(await cache.read(key)).toEqual(issued);
    expect(await modeOf(file)).toBe('600');
  });

  it('ignores a file of another user', async () => {
    const other = openTokenCache(directory, (uid ?? 0) + 1, Date.now);
    expect(await other.read(key)).toBeUndefined();
    await expect(other.prepare(key)).rejects.toThrow('the directory belongs to another user');
  });

  it('stores nothing in the directory of another user', async () => {
    const other = openTokenCache(directory, (uid ?? 0) + 1, Date.now);
    await rm(file);
    await expect(other.write(key, issued)).rejects.toThrow('the directory belongs to another user');
    expect(await readdir(directory)).toEqual([]);
  });

  it('makes a directory private that others can read', async () => {
    await chmod(directory, 0o755);
    await cache.prepare(key);
    expect(await modeOf(directory)).toBe('700');
  });

  it('leaves no temporary file if the token cannot be stored', async () => {
    await rm(file);
    await mkdir(file);
    await expect(cache.write(key, issued)).rejects.toThrow();
    expect(await readdir(directory)).toHaveLength(1);
  });

  it('removes files that are older than any token', async () => {
    const [name, old] = [cacheFileName(key), `${'0'.repeat(64)}.json`];
    await writeOld(`.${name}.0123456789ab.accesskey-tmp`, old, `${old}.lock`);
    await cache.write(key, issued);
    expect(await readdir(directory)).toEqual([file.slice(directory.length + 1)]);
    expect(await readFile(file, 'utf8')).toContain(issued.token);
  });

  it('never removes files of others, for example if the directory is a link to another one', async () => {
    await writeOld('thesis.json', '.profile');
    await cache.write(key, issued);
    expect(await readdir(directory)).toEqual(expect.arrayContaining(['thesis.json', '.profile']));
  });

  async function writeOld(...names: string[]): Promise<void> {
    const longAgo = new Date(now - 32 * 86_400_000);
    for (const name of names) {
      await writeFile(join(directory, name), '');
      await utimes(join(directory, name), longAgo, longAgo);
    }
  }
});

describe('cacheDirectory', () => {
  it.each([
    [{ XDG_CACHE_HOME: '/var/cache' }, '/var/cache/kubectl-accesskey'],
    [{ XDG_CACHE_HOME: 'relative' }, '/home/alice/.cache/kubectl-accesskey'],
    [{}, '/home/alice/.cache/kubectl-accesskey'],
  ])('with %o', (env, expected) => {
    expect(cacheDirectory(env, '/home/alice')).toBe(expected);
  });
});
