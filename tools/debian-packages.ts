/**
 * Installs Debian's packages into the system, for programs that depend on too many others to be unpacked into the cache
 * (`debian-program.ts`). Needs root.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { run } from './command.ts';
import { cacheDirectory, findIn } from './control-plane/binaries.ts';
import { withLock } from './control-plane/lock.ts';

/** A service would be started by the package's own script; 101 forbids that (invoke-rc.d). */
const policyFile = '/usr/sbin/policy-rc.d';
const policy = '#!/bin/sh\nexit 101\n';

/** Programs, by name or absolute path, and Debian's package of each. */
export type Programs = Readonly<Record<string, string>>;

/** The packages of those programs that are not there. */
export async function missingPackages(programs: Programs): Promise<string[]> {
  const names = Object.keys(programs);
  const found = await Promise.all(names.map(pathOf));
  return [...new Set(names.filter((_, index) => !found[index]).map((name) => programs[name] ?? name))];
}

/**
 * Installs the packages of the programs that are missing. They stay: the next run finds them.
 *
 * @param log told what is installed
 * @throws Error naming the packages, without root or apt-get
 */
export async function installMissing(programs: Programs, log: (line: string) => void = () => undefined): Promise<void> {
  const cache = cacheDirectory(process.env);
  await mkdir(cache, { recursive: true });
  // Two processes that install at once would stand in each other's way.
  await withLock(join(cache, 'debian-packages.lock'), {}, async () => {
    const missing = await missingPackages(programs);
    if (missing.length > 0) await installPackages(missing, log);
  });
}

/** Where a program is: on the PATH, or at its absolute path. */
export function pathOf(program: string): Promise<string | undefined> {
  return findIn(program.startsWith('/') ? ['/'] : (process.env.PATH ?? '').split(delimiter), program);
}

/** Services in them are not started. */
async function installPackages(names: readonly string[], log: (line: string) => void): Promise<void> {
  log(`Installing Debian's packages ${names.join(', ')}`);
  const made = await writeFile(policyFile, policy, { flag: 'wx', mode: 0o755 }).then(
    () => true,
    () => false,
  );
  try {
    await aptGet('update', '-qq');
    await aptGet('install', '-y', '-qq', '--no-install-recommends', ...names);
  } catch (cause) {
    throw new Error(`programs are missing: as root, apt-get install ${names.join(' ')}`, { cause });
  } finally {
    if (made) await rm(policyFile);
  }
}

function aptGet(...args: string[]): Promise<string> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return run('apt-get', ['-o', 'DPkg::Lock::Timeout=600', ...args], { env });
}
