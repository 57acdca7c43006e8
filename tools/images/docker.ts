/** Docker for image builds: that of the machine, or a temporary daemon. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, withLock } from '../cache.ts';
import { onlyOnce } from '../control-plane/clean-up.ts';
import { run, succeeds } from '../run-command.ts';
import { startDockerDaemon } from './docker-daemon.ts';

/** A Docker client. */
export interface Docker {
  /** Runs the client and returns its standard output. */
  run(...args: string[]): Promise<string>;
  /** Flags that builds with this daemon require. */
  readonly buildFlags: readonly string[];
}

interface OpenDocker extends Docker {
  /** Stops the daemon if it is a temporary one. */
  close(): Promise<void>;
}

/** Flags for builds with a daemon that has no bridge network. */
const withoutBridge = ['--network=host'];
const maxCachedLayers = '3GB';

/**
 * Runs a function with Docker, in one process at a time, because temporary daemons share their data folder.
 *
 * @throws Error if no daemon is running and none can be started
 */
export async function withDocker<T>(log: (line: string) => void, use: (docker: Docker) => Promise<T>): Promise<T> {
  const cache = cacheDirectory(process.env);
  await mkdir(cache, { recursive: true });
  return withLock(join(cache, 'docker.lock'), { activity: 'using Docker', log }, async () => {
    const docker = await openDocker(log);
    try {
      return await use(docker);
    } finally {
      await docker.close();
    }
  });
}

/** Whether the Docker daemon of this machine responds. */
export function hasDocker(): Promise<boolean> {
  return succeeds('docker', ['info']);
}

/**
 * Connects to the Docker daemon of the machine. If none is running, starts a temporary daemon, which keeps its images
 * and layers in the cache.
 */
async function openDocker(log: (line: string) => void): Promise<OpenDocker> {
  if (!(await hasDocker())) return openTemporaryDocker(log);
  const hasBridge = await succeeds('docker', ['network', 'inspect', 'bridge']);
  return {
    run: (...args) => run('docker', args),
    buildFlags: hasBridge ? [] : withoutBridge,
    close: () => Promise.resolve(),
  };
}

async function openTemporaryDocker(log: (line: string) => void): Promise<OpenDocker> {
  const dataRoot = join(cacheDirectory(process.env), 'docker');
  // In the network of the machine, because builds download packages.
  const daemon = await startDockerDaemon({ kind: 'docker', dataRoot, ownNetwork: false, log });
  return {
    run: daemon.run,
    buildFlags: withoutBridge,
    close: onlyOnce(() => prune(daemon.run, log).finally(daemon.stop)),
  };
}

/** Limits the size of the cache: removes untagged images and the oldest layers. */
async function prune(client: Docker['run'], log: (line: string) => void): Promise<void> {
  try {
    await client('image', 'prune', '--force');
    await client('builder', 'prune', '--force', '--keep-storage', maxCachedLayers);
  } catch (error) {
    log(`cannot prune the Docker cache: ${(error as Error).message}`);
  }
}
