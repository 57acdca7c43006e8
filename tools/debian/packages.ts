/**
 * Installs Debian packages on the machine. For programs with too many dependencies to be unpacked into the cache, see
 * also unpacked-program.ts. Needs root.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cacheDirectory, logToStandardError, withLock } from '../cache.ts';
import { findIn } from '../go-programs/locate.ts';
import { run } from '../run-command.ts';

/** Keeps the scripts of packages from starting services: exit code 101 forbids it (invoke-rc.d). */
const policyFile = '/usr/sbin/policy-rc.d';
const policy = '#!/bin/sh\nexit 101\n';

/** Debian packages by program, which is a name or an absolute path. */
export type PackagesByProgram = Readonly<Record<string, string>>;

/** Returns the packages of the programs that are missing. */
export async function missingPackages(packages: PackagesByProgram): Promise<string[]> {
  const programs = Object.keys(packages);
  const found = await Promise.all(programs.map(pathOf));
  return [...new Set(programs.filter((_, index) => !found[index]).map((name) => packages[name] ?? name))];
}

/**
 * Installs the packages of missing programs permanently.
 *
 * @throws Error naming the packages if they cannot be installed, for example without root
 */
export async function installMissing(
  packages: PackagesByProgram,
  log: (line: string) => void = logToStandardError,
): Promise<void> {
  const cache = cacheDirectory(process.env);
  await mkdir(cache, { recursive: true });
  // apt-get fails if two processes install at the same time.
  await withLock(join(cache, 'debian-packages.lock'), { activity: 'installing Debian packages', log }, async () => {
    const missing = await missingPackages(packages);
    if (missing.length > 0) await installPackages(missing, log);
  });
}

/**
 * Finds a program on the PATH, or at its absolute path.
 *
 * @returns its path, or undefined if there is no such executable
 */
export function pathOf(program: string): Promise<string | undefined> {
  return findIn(program.startsWith('/') ? ['/'] : (process.env.PATH ?? '').split(delimiter), program);
}

/** Installs packages without starting their services. */
async function installPackages(names: readonly string[], log: (line: string) => void): Promise<void> {
  log(`Installing Debian packages: ${names.join(', ')}`);
  const created = await writeFile(policyFile, policy, { flag: 'wx', mode: 0o755 }).then(
    () => true,
    () => false,
  );
  try {
    await aptGet('update', '-qq');
    await aptGet('install', '-y', '-qq', '--no-install-recommends', ...names);
  } catch (cause) {
    throw new Error(`programs are missing; as root, run: apt-get install ${names.join(' ')}`, { cause });
  } finally {
    if (created) await rm(policyFile);
  }
}

function aptGet(...args: string[]): Promise<string> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return run('apt-get', ['-o', 'DPkg::Lock::Timeout=600', ...args], { env });
}
