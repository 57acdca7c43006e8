/**
 * Locates the programs that tools and tests need, and builds missing ones from Go modules into the cache.
 *
 * `npm run control-plane:build` runs this file to build the control plane in advance.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { cacheDirectory, logToStandardError, withLock } from '../cache.ts';
import { buildPrograms } from './build.ts';
import { type Binaries, controlPlanePrograms, type Paths, type PinnedModule, type ProgramSet } from './program-sets.ts';

export interface LocateOptions {
  /** Environment variables: KUBEBUILDER_ASSETS, XDG_CACHE_HOME, HOME, PATH. Default: those of this process. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Receives the progress of a build, line by line. Default: standard error. */
  readonly log?: (line: string) => void;
  /** Aborts a build in progress. */
  readonly signal?: AbortSignal | undefined;
}

/** Locates the programs of the control plane, see {@link locatePrograms}. */
export function locateBinaries(options: LocateOptions = {}): Promise<Binaries> {
  return locatePrograms(controlPlanePrograms, options);
}

/** Locates kubectl only, see {@link locatePrograms}. */
export async function locateKubectl(options: LocateOptions = {}): Promise<string> {
  const { kubectl } = await locatePrograms(controlPlanePrograms, { ...options, only: ['kubectl'] });
  return kubectl;
}

/**
 * Locates each program in the folder KUBEBUILDER_ASSETS, else in the cache. Missing programs are built into the cache,
 * by one process at a time.
 *
 * @param options `only`: the needed programs, by default all of the set
 * @returns absolute paths
 * @throws Error if KUBEBUILDER_ASSETS is not a folder, Go is needed and missing, or a build fails
 */
export async function locatePrograms<Name extends string, Needed extends Name = Name>(
  set: ProgramSet<Name>,
  options: LocateOptions & { readonly only?: readonly Needed[] } = {},
): Promise<Paths<Needed>> {
  const { environment = process.env, log = logToStandardError, signal } = options;
  const names = options.only ?? (Object.keys(set.packages) as Needed[]);
  const { version, directory: cache } = await cacheOf(set, environment);
  const folders = [...(await assetsDirectory(environment)), cache];

  const missing = await missingIn(folders, names);
  if (missing.length > 0) {
    await mkdir(dirname(cache), { recursive: true });
    const activity = `building the ${set.cacheName.replaceAll('-', ' ')}`;
    await withLock(`${cache}.lock`, { activity, log, signal }, async () => {
      const stillMissing = await missingIn(folders, names);
      if (stillMissing.length === 0) return;
      await buildPrograms(stillMissing, { set, version, target: cache, environment, log, signal });
    });
  }
  const paths = await Promise.all(names.map(async (name) => [name, await findIn(folders, name)]));
  return Object.fromEntries(paths);
}

/** Returns the version of a set, and its folder in the cache, which may not exist yet. */
export async function cacheOf(
  set: PinnedModule,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<{ readonly version: string; readonly directory: string }> {
  const { version, hash } = await readModule(set);
  const name = `${version}-${process.platform}-${process.arch}-${hash}`;
  return { version, directory: join(cacheDirectory(environment), set.cacheName, name) };
}

/** Returns the version in go.mod, and a hash of all source files. */
async function readModule(set: PinnedModule): Promise<{ version: string; hash: string }> {
  const { moduleDirectory, versionOf } = set;
  const entries = await readdir(moduleDirectory, { recursive: true });
  const goFiles = entries.filter((entry) => entry.endsWith('.go')).sort();
  const files = ['go.mod', 'go.sum', ...goFiles];
  const texts = await Promise.all(files.map((file) => readFile(join(moduleDirectory, file), 'utf8')));
  const lines = (texts[0] ?? '').split('\n').map((line) => line.trim().replace(/^require /, ''));
  const version = lines.find((line) => line.startsWith(`${versionOf} v`))?.split(' ')[1];
  if (!version) throw new Error(`${join(moduleDirectory, 'go.mod')} does not require ${versionOf}`);
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text);
  return { version, hash: hash.digest('hex').slice(0, 12) };
}

/**
 * Returns the folder KUBEBUILDER_ASSETS. Fails for a wrong path, which would otherwise cause a build of five minutes.
 */
async function assetsDirectory(environment: NodeJS.ProcessEnv): Promise<string[]> {
  const path = environment.KUBEBUILDER_ASSETS;
  if (!path) return [];
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) throw new Error(`KUBEBUILDER_ASSETS is not a folder: ${path}`);
  return [resolve(path)];
}

async function missingIn<Name extends string>(folders: readonly string[], names: readonly Name[]): Promise<Name[]> {
  const found = await Promise.all(names.map((name) => findIn(folders, name)));
  return names.filter((_, index) => found[index] === undefined);
}

/**
 * Finds an executable file.
 *
 * @returns its path in the first folder that contains it, or undefined
 */
export async function findIn(folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return path;
  }
  return undefined;
}

if (import.meta.main) {
  try {
    await locateBinaries();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
