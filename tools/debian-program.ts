import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from './control-plane/binaries.ts';

const run = promisify(execFile);

export interface DebianProgram {
  /** Name of Debian's package. */
  readonly package: string;
  /** Path in the package, from the root. */
  readonly path: string;
  /** Name by which an installed one is looked for; without it, only the package's is used. */
  readonly installed?: readonly string[];
  /** An argument with which the program ends at once and without an error. */
  readonly probe: string;
}

/**
 * Finds a program, for tests: the installed one, else one unpacked from Debian's package into the cache, once. Nothing is
 * installed into the system.
 *
 * @returns the path, or name, of the program; undefined where there is neither the program nor apt-get
 */
export async function locateDebianProgram(
  program: DebianProgram,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const cache = cacheDirectory(environment);
  const unpacked = join(cache, program.package, program.path);
  for (const one of [...(program.installed ?? []), unpacked]) if (await answers(one, program.probe)) return one;
  if (!(await answers('apt-get', '--version'))) return undefined;
  await unpack(cache, program.package);
  return unpacked;
}

async function answers(program: string, argument: string): Promise<boolean> {
  return run(program, [argument]).then(
    () => true,
    () => false,
  );
}

/** Into a folder beside the final one, then renamed: a run that is cut off leaves nothing half there. */
async function unpack(cache: string, name: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, `${name}-`));
  try {
    await download(directory, name);
    const [file = ''] = (await readdir(directory)).filter((one) => one.endsWith('.deb'));
    await run('dpkg', ['-x', join(directory, file), join(directory, 'root')]);
    await rename(join(directory, 'root'), join(cache, name)).catch(ignoreOther);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A machine that was never told of packages learns of them first. */
async function download(cwd: string, name: string): Promise<void> {
  const get = () => run('apt-get', ['download', name], { cwd });
  await get().catch(async () => {
    await run('apt-get', ['update']);
    await get();
  });
}

/** Another process was first. */
function ignoreOther(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}
