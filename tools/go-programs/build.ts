import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ProgramSet } from './program-sets.ts';

const shownLines = 20;

export interface BuildOptions<Name extends string> {
  readonly set: ProgramSet<Name>;
  /** Version that Kubernetes programs report, such as v1.36.3. */
  readonly version: string;
  /** Folder for the programs, created if missing. */
  readonly target: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Builds programs from Go modules, one after the other.
 *
 * Each program is built in a temporary folder next to the target and then moved, so that the target never contains an
 * incomplete program and an interrupted build can continue. Only one process at a time may build into a target.
 *
 * @throws Error if Go is missing, or if a build fails, with the last lines of its output
 */
export async function buildPrograms<Name extends string>(
  names: readonly Name[],
  options: BuildOptions<Name>,
): Promise<void> {
  const { set, target, log } = options;
  log(`Building ${names.join(', ')} from Go modules (once, ${set.buildTime})`);
  await removeLeftovers(target);
  await mkdir(target, { recursive: true });
  const temporary = await mkdtemp(temporaryPrefix(target));
  try {
    for (const name of names) {
      const started = performance.now();
      await goBuild(name, join(temporary, name), options);
      await rename(join(temporary, name), join(target, name));
      log(`Built ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function temporaryPrefix(target: string): string {
  return `${target}.building-`;
}

/** Removes the temporary folders of killed builds. The caller holds the lock. */
async function removeLeftovers(target: string): Promise<void> {
  const prefix = basename(temporaryPrefix(target));
  const entries = await readdir(dirname(target));
  const leftovers = entries.filter((entry) => entry.startsWith(prefix));
  await Promise.all(leftovers.map((entry) => rm(join(dirname(target), entry), { recursive: true, force: true })));
}

async function goBuild<Name extends string>(name: Name, output: string, options: BuildOptions<Name>): Promise<void> {
  const { moduleDirectory, packages } = options.set;
  const go = spawn(
    'go',
    ['build', '-trimpath', '-ldflags', linkerFlags(options.version), '-o', output, packages[name]],
    {
      cwd: moduleDirectory,
      env: { ...options.environment, CGO_ENABLED: '0', GOWORK: 'off' },
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(options.signal && { signal: options.signal }),
    },
  );
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    go.once('error', reject);
    go.once('close', (code, signal) => resolve(code ?? signal));
  });
  const [errors, result] = await Promise.all([text(go.stderr), ended]).catch((error: unknown) => {
    throw describeFailure(error, name, options);
  });
  if (result !== 0) {
    const lines = errors.trimEnd().split('\n').slice(-shownLines).join('\n');
    throw new Error(`go build of ${name} failed (${result}):\n${lines}`);
  }
}

function describeFailure<Name extends string>(
  error: unknown,
  name: Name,
  { set, signal }: BuildOptions<Name>,
): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    return new Error(
      `${name} is missing, and Go, which is needed to build it, is not on the PATH: install Go 1.26 or newer, or set ` +
        `KUBEBUILDER_ASSETS to a folder that contains ${Object.keys(set.packages).join(', ')}`,
      { cause: error },
    );
  }
  return error;
}

/** Flags that strip symbols and debug data and set the version that `kubectl version` and `/version` show. */
function linkerFlags(version: string): string {
  const [major = '', minor = ''] = version.replace(/^v/, '').split('.');
  const variables = { gitVersion: version, gitMajor: major, gitMinor: minor };
  const stamps = Object.entries(variables).map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`);
  return ['-s', '-w', ...stamps].join(' ');
}
