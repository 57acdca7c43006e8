import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Finds nginx, for tests: the installed one, else one unpacked from Debian's package into the cache, once. Nothing is
 * installed into the system.
 *
 * @returns the program; undefined where there is neither nginx nor apt-get
 */
export async function locateNginx(environment: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const cache = join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'accesskey-operator');
  const unpacked = join(cache, 'nginx', 'usr', 'sbin', 'nginx');
  for (const program of ['nginx', '/usr/sbin/nginx', unpacked]) if (await answers(program, '-v')) return program;
  if (!(await answers('apt-get', '--version'))) return undefined;
  await unpack(cache);
  return unpacked;
}

async function answers(program: string, argument: string): Promise<boolean> {
  return run(program, [argument]).then(
    () => true,
    () => false,
  );
}

/** Into a folder beside the final one, then renamed: a run that is cut off leaves nothing half there. */
async function unpack(cache: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, 'nginx-'));
  try {
    await download(directory);
    const [file = ''] = (await readdir(directory)).filter((name) => name.endsWith('.deb'));
    await run('dpkg', ['-x', join(directory, file), join(directory, 'root')]);
    await rename(join(directory, 'root'), join(cache, 'nginx')).catch(ignoreOther);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A machine that was never told of packages learns of them first. */
async function download(cwd: string): Promise<void> {
  const get = () => run('apt-get', ['download', 'nginx'], { cwd });
  await get().catch(async () => {
    await run('apt-get', ['update']);
    await get();
  });
}

/** Another process was first. */
function ignoreOther(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}
