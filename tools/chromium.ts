import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from './control-plane/lock.ts';

const run = promisify(execFile);
const programs = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser, and fonts for what the pages are written in: one of Latin letters, one of Chinese. */
const packages = ['chromium', 'fonts-dejavu-core', 'fonts-noto-cjk'];

/**
 * Finds Chromium, for tests: the installed one, else Debian's package is installed, which needs root and `apt-get`. It
 * depends on a hundred others, so it is not unpacked into the cache as nginx is.
 *
 * @returns the program
 * @throws Error saying what to install, when it is neither there nor can be installed
 */
export async function locateChromium(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const cache = join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'accesskey-operator');
  await mkdir(cache, { recursive: true });
  // Two test processes that install at once would stand in each other's way.
  return withLock(join(cache, 'chromium.lock'), {}, async () => {
    const installed = (await firstOf(programs)) ?? (await install().then(() => firstOf(programs)));
    if (installed === undefined) throw new Error(`no Chromium at ${programs.join(', ')}`);
    return installed;
  });
}

async function firstOf(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

/** A machine that was never told of packages learns of them first. */
async function install(): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const aptGet = (...args: string[]) => run('apt-get', ['-o', 'DPkg::Lock::Timeout=600', ...args], { env });
  const add = () => aptGet('install', '--yes', '--no-install-recommends', ...packages);
  try {
    await add().catch(async () => {
      await aptGet('update');
      await add();
    });
  } catch (cause) {
    throw new Error(`browser tests need Chromium: as root, apt-get install ${packages.join(' ')}`, { cause });
  }
}
