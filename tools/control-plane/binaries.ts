import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { buildPrograms } from './build.ts';
import { withLock } from './lock.ts';
import { type Binaries, controlPlanePrograms, type Paths, type ProgramSet } from './programs.ts';

export interface LocateOptions {
  /** Variables read: KUBEBUILDER_ASSETS, XDG_CACHE_HOME, HOME, PATH. Default: those of this process. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Receives the progress of a build, a line at a time. Default: standard error. */
  readonly log?: (line: string) => void;
  /** Ends a build under way. */
  readonly signal?: AbortSignal | undefined;
}

/** Finds the programs of the control plane, as {@link locatePrograms} does. */
export function locateBinaries(options: LocateOptions = {}): Promise<Binaries> {
  return locatePrograms(controlPlanePrograms, options);
}

/**
 * Finds programs: each in the folder KUBEBUILDER_ASSETS, else in the cache folder. Those in neither are built into the
 * cache folder from the Go modules of their go.mod, by one process at a time.
 *
 * @returns absolute paths
 * @throws Error if KUBEBUILDER_ASSETS is not a folder, Go is needed and missing, or a build fails
 */
export async function locatePrograms<Name extends string>(
  set: ProgramSet<Name>,
  options: LocateOptions = {},
): Promise<Paths<Name>> {
  const { environment = process.env, log = logToStandardError, signal } = options;
  const names = Object.keys(set.packages) as Name[];
  const { version, hash } = await readModule(set);
  const cache = join(
    cacheDirectory(environment),
    set.cacheName,
    `${version}-${process.platform}-${process.arch}-${hash}`,
  );
  const folders = [...(await assetsDirectory(environment)), cache];

  const missing = await missingIn(folders, names);
  if (missing.length > 0) {
    await mkdir(dirname(cache), { recursive: true });
    const onWait = () => log(`Another process is building the ${set.cacheName.replaceAll('-', ' ')}; waiting for it`);
    await withLock(`${cache}.lock`, { onWait, signal }, async () => {
      const stillMissing = await missingIn(folders, names);
      if (stillMissing.length === 0) return;
      await buildPrograms(stillMissing, { set, version, target: cache, environment, log, signal });
    });
  }
  const paths = await Promise.all(names.map(async (name) => [name, await findIn(folders, name)]));
  return Object.fromEntries(paths);
}

function logToStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The version in go.mod, and a digest of all that the programs are made from. */
async function readModule<Name extends string>(set: ProgramSet<Name>): Promise<{ version: string; hash: string }> {
  const { moduleDirectory, versionOf } = set;
  const entries = await readdir(moduleDirectory, { recursive: true });
  const own = entries.filter((entry) => entry.endsWith('.go')).sort();
  const files = ['go.mod', 'go.sum', ...own];
  const texts = await Promise.all(files.map((file) => readFile(join(moduleDirectory, file), 'utf8')));
  const lines = (texts[0] ?? '').split('\n').map((line) => line.trim().replace(/^require /, ''));
  const version = lines.find((line) => line.startsWith(`${versionOf} v`))?.split(' ')[1];
  if (!version) throw new Error(`${join(moduleDirectory, 'go.mod')} does not require ${versionOf}`);
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text);
  return { version, hash: hash.digest('hex').slice(0, 12) };
}

/** Folder of everything that is made once and kept. */
export function cacheDirectory(environment: NodeJS.ProcessEnv): string {
  const root = environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache');
  return resolve(root, 'accesskey-operator');
}

/** A folder that was named by mistake must not quietly turn into a build of five minutes. */
async function assetsDirectory(environment: NodeJS.ProcessEnv): Promise<string[]> {
  const named = environment.KUBEBUILDER_ASSETS;
  if (!named) return [];
  const found = await stat(named).catch(() => undefined);
  if (!found?.isDirectory()) throw new Error(`KUBEBUILDER_ASSETS is not a folder: ${named}`);
  return [resolve(named)];
}

async function missingIn<Name extends string>(folders: readonly string[], names: readonly Name[]): Promise<Name[]> {
  const found = await Promise.all(names.map((name) => findIn(folders, name)));
  return names.filter((_, index) => found[index] === undefined);
}

/** Where a program is in the first of the folders that has it. */
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
