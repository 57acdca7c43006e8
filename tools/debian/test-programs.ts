/** Locates the programs from Debian that only tests use. */
import { installMissing, pathOf } from './packages.ts';
import { libraryVariables, locateDebianProgram } from './unpacked-program.ts';

const chromium = '/usr/bin/chromium';

/** The browser, with fonts for the languages of the web pages. */
const browserPackages = {
  [chromium]: 'chromium',
  '/usr/share/fonts/truetype/dejavu': 'fonts-dejavu-core',
  '/usr/share/fonts/opentype/noto': 'fonts-noto-cjk',
};

/**
 * Finds Chromium, and installs it if it is missing.
 *
 * @throws Error if it cannot be installed
 */
export async function locateChromium(): Promise<string> {
  await installMissing(browserPackages);
  if ((await pathOf(chromium)) === undefined) throw new Error(`browser tests need Chromium at ${chromium}`);
  return chromium;
}

/**
 * Makes sure that `dbus-run-session` and `gnome-keyring-daemon` are installed.
 *
 * @throws Error if they cannot be installed
 */
export function installKeyring(): Promise<void> {
  return installMissing({ 'dbus-run-session': 'dbus', 'gnome-keyring-daemon': 'gnome-keyring' });
}

/** Finds nginx; see {@link locateDebianProgram}. */
export function locateNginx(environment?: NodeJS.ProcessEnv): Promise<string | undefined> {
  const installed = ['nginx', '/usr/sbin/nginx'];
  return locateDebianProgram({ package: 'nginx', path: 'usr/sbin/nginx', installed, probe: '-v' }, environment);
}

/** redis-server, and the environment variables it needs. */
export interface Redis {
  readonly path: string;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Finds redis-server; see {@link locateDebianProgram}.
 *
 * @throws Error if it is neither installed nor available from Debian
 */
export async function locateRedis(environment?: NodeJS.ProcessEnv): Promise<Redis> {
  // The package redis-server only contains a link to this program, which runs as the server under that name.
  const files = { package: 'redis-tools', libraries: ['redis-server', 'liblzf1', 'libjemalloc2', 'libatomic1'] };
  const program = { ...files, path: 'usr/bin/redis-server', installed: ['redis-server'], probe: '--version' };
  const path = await locateDebianProgram(program, environment);
  if (path === undefined) throw new Error('GitOps tests need redis-server, or apt-get to download it');
  return { path, environment: libraryVariables(files, environment) };
}

/** Programs of the Prometheus project. */
export interface PrometheusPrograms {
  readonly prometheus: string;
  /** Checks and tests rules. */
  readonly promtool: string;
}

/**
 * Finds Prometheus and promtool; see {@link locateDebianProgram}.
 *
 * @throws Error if they are neither installed nor available from Debian
 */
export async function locatePrometheus(environment?: NodeJS.ProcessEnv): Promise<PrometheusPrograms> {
  const locate = async (name: string) => {
    const program = { package: 'prometheus', path: `usr/bin/${name}`, installed: [name], probe: '--version' };
    const found = await locateDebianProgram(program, environment);
    if (found === undefined) throw new Error(`monitoring tests need ${name}, or apt-get to download it`);
    return found;
  };
  return { prometheus: await locate('prometheus'), promtool: await locate('promtool') };
}
