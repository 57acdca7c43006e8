/** Unpacks programs from Debian packages into the cache, without installing anything on the machine. */
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from '../cache.ts';
import { run, succeeds } from '../run-command.ts';

export interface DebianProgram {
  /** Name of the Debian package. */
  readonly package: string;
  /** Path in the package, relative to the root. */
  readonly path: string;
  /** Names or paths of an installed program, which is preferred. */
  readonly installed: readonly string[];
  /** An argument with which the program exits with code 0. */
  readonly probe: string;
}

/**
 * Finds an installed program, or unpacks it from its Debian package into the cache.
 *
 * @returns the path or name of the program, or undefined if it is not installed and apt-get is not available
 */
export async function locateDebianProgram(
  program: DebianProgram,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const cache = cacheDirectory(environment);
  const unpacked = join(cache, program.package, program.path);
  for (const candidate of [...program.installed, unpacked]) {
    if (await succeeds(candidate, [program.probe])) return candidate;
  }
  if (!(await succeeds('apt-get', ['--version']))) return undefined;
  await unpack(cache, program.package);
  return unpacked;
}

/** Unpacks into a temporary folder and renames it, so that an interrupted run leaves no incomplete folder. */
async function unpack(cache: string, name: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, `${name}-`));
  try {
    await download(directory, name);
    const [file = ''] = (await readdir(directory)).filter((entry) => entry.endsWith('.deb'));
    await run('dpkg', ['-x', join(directory, file), join(directory, 'root')]);
    await rename(join(directory, 'root'), join(cache, name)).catch(ignoreExisting);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Downloads a package, and updates the package lists if it is unknown. */
async function download(cwd: string, name: string): Promise<void> {
  const get = () => run('apt-get', ['download', name], { cwd });
  await get().catch(async () => {
    await run('apt-get', ['update']);
    await get();
  });
}

/** Another process may have unpacked the same package in the meantime. */
function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}
