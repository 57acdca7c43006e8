/** Unpacks programs from Debian packages into the cache, without installing anything on the machine. */
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from '../cache.ts';
import { type RunOptions, run, succeeds } from '../run-command.ts';

export interface DebianProgram {
  /** Name of the Debian package. */
  readonly package: string;
  /** Packages of libraries that a machine may lack. Default: none. */
  readonly libraries?: readonly string[];
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
 * @throws Error in one line if apt-get cannot download it
 */
export async function locateDebianProgram(
  program: DebianProgram,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const cache = cacheDirectory(environment);
  const unpacked = join(cache, program.package, program.path);
  const env = { ...environment, ...libraryVariables(program, environment) };
  for (const candidate of [...program.installed, unpacked]) {
    if (await succeeds(candidate, [program.probe], { env })) return candidate;
  }
  if (!(await succeeds('apt-get', ['--version'], { env: environment }))) return undefined;
  await unpack(cache, [program.package, ...(program.libraries ?? [])], environment);
  return unpacked;
}

/** Returns the environment variables with which a program finds the libraries that were unpacked with it. */
export function libraryVariables(
  { package: name, libraries = [] }: Pick<DebianProgram, 'package' | 'libraries'>,
  environment: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  if (libraries.length === 0) return {};
  const triplet = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  return { LD_LIBRARY_PATH: join(cacheDirectory(environment), name, 'usr/lib', triplet) };
}

/** Unpacks into a temporary folder and renames it, so that an interrupted run leaves no incomplete folder. */
async function unpack(cache: string, packages: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const [name = ''] = packages;
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, `${name}-`));
  try {
    await download(packages, { cwd: directory, env });
    const files = (await readdir(directory)).filter((entry) => entry.endsWith('.deb'));
    for (const file of files) await run('dpkg', ['-x', join(directory, file), join(directory, 'root')], { env });
    await rename(join(directory, 'root'), join(cache, name)).catch(ignoreExisting);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Downloads packages, and updates the package lists if one is unknown. */
async function download(packages: readonly string[], options: RunOptions): Promise<void> {
  const get = () => run('apt-get', ['download', ...packages], options);
  const update = () => run('apt-get', ['update'], options);
  await get()
    .catch(() => update().then(get))
    .catch((cause: Error) => {
      const reason = cause.message.trim().split('\n').at(-1);
      throw new Error(`cannot download ${packages.join(', ')} with apt-get: ${reason}`, { cause });
    });
}

/** Another process may have unpacked the same package in the meantime. */
function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}
