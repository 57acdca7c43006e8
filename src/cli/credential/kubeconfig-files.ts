/** Reads and writes the kubeconfig files of the user. */
import { mkdir, open, readFile, realpath, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { replaceFile } from '../files/replace-file.ts';
import { TokenError } from '../token/token-error.ts';
import { applyChange, type KubeconfigChange } from './kubeconfig-change.ts';
import { formatKubeconfig, type KubeconfigText, parseKubeconfig } from './kubeconfig-edit.ts';

/** @throws TokenError if an existing file cannot be read or is not a kubeconfig */
export async function readKubeconfigs(paths: readonly string[]): Promise<KubeconfigText[]> {
  const files = await Promise.all(paths.map(readExisting));
  return files.filter((file) => file !== undefined);
}

async function readExisting(file: string): Promise<KubeconfigText | undefined> {
  try {
    return parseKubeconfig(file, await readFile(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === undefined) throw error;
    throw new TokenError('usage', `kubeconfig ${file}: ${code}`);
  }
}

/**
 * Checks whether the kubeconfig can be changed, without a lock: another process may still prevent the change.
 *
 * @throws TokenError if the change conflicts with the kubeconfig, or if a file is not a kubeconfig
 */
export async function checkChange(paths: readonly string[], change: KubeconfigChange): Promise<void> {
  const existing = (await readKubeconfigs(paths)).map(({ file }) => file);
  await applied(paths, targetOf(existing, paths), change);
}

/** As kubectl: the first file that exists, else the last one. */
function targetOf(existing: readonly string[], paths: readonly string[]): string {
  return existing[0] ?? paths.at(-1) ?? '';
}

/** @returns the files that the change affects, with their new content */
async function applied(paths: readonly string[], target: string, change: KubeconfigChange): Promise<KubeconfigText[]> {
  const files = await readKubeconfigs(paths);
  return applyChange(files, files.find(({ file }) => file === target) ?? parseKubeconfig(target, ''), change);
}

/**
 * Changes the kubeconfig. Each file is locked as kubectl locks it, and replaced as a whole with mode 0600.
 *
 * @returns the paths of the changed files
 * @throws TokenError if a file is locked, not a kubeconfig, or not writable; then no file has changed
 */
export async function changeKubeconfig(paths: readonly string[], change: KubeconfigChange): Promise<string[]> {
  const existing = (await readKubeconfigs(paths)).map(({ file }) => file);
  const target = targetOf(existing, paths);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  return withLocks([...new Set([...existing, target])], async () => {
    const changed = await applied(paths, target, change);
    for (const one of changed) await replaceKubeconfig(one.file, formatKubeconfig(one));
    return changed.map(({ file }) => file);
  });
}

/** Runs an action while FILE.lock exists, which kubectl respects. */
async function withLocks<T>(files: readonly string[], action: () => Promise<T>): Promise<T> {
  const locks: string[] = [];
  try {
    for (const file of files) {
      await createLock(file);
      locks.push(`${file}.lock`);
    }
    return await action();
  } finally {
    for (const lock of locks) await rm(lock, { force: true });
  }
}

async function createLock(file: string): Promise<void> {
  try {
    await (await open(`${file}.lock`, 'wx', 0o600)).close();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw new TokenError('usage', `cannot write the kubeconfig ${file}: ${code}`);
    throw new TokenError('usage', `the kubeconfig ${file} is locked by another process`, {
      hint: `If no other program changes it, remove ${file}.lock.`,
    });
  }
}

/** Replaces a file, or what a link points to, so that a reader always finds a complete kubeconfig. */
async function replaceKubeconfig(file: string, text: string): Promise<void> {
  const real = await realpath(file).catch(() => file);
  // With sudo, the file stays one of the user.
  const owner = await stat(real).catch(() => undefined);
  try {
    await replaceFile(real, text, { mode: 0o600, owner, ownerIsOptional: true });
  } catch (error) {
    throw new TokenError('usage', `cannot write the kubeconfig ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
