/** Temporary kind clusters, which end with the process that started them, even if it is killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onlyOnce } from '../control-plane/clean-up.ts';
import { locateKubectl, locatePrograms } from '../go-programs/locate.ts';
import { kindPrograms } from '../go-programs/program-sets.ts';
import { run } from '../run-command.ts';
import { claimNetwork, createCluster, deleteCluster, type KindCluster, type KindOptions } from './cluster.ts';
import { openKindDocker } from './docker.ts';
import { requireVersion } from './failures.ts';
import { provideNodeImage, publishedImage } from './node-image.ts';

export interface TemporaryKindOptions {
  /** Name of the cluster; it must end with the PID of this process. */
  readonly name: string;
  /** Number of nodes in addition to the control plane. */
  readonly workers: number;
  /** Node image. Default: the published one, or one that is built if Docker cannot pull it. */
  readonly image?: string | undefined;
  readonly log: (line: string) => void;
}

export interface TemporaryKind extends KindCluster {
  /** Deletes the cluster. Can be called repeatedly. */
  stop(): Promise<void>;
}

/** Locates kind, see {@link locatePrograms}. @throws Error if it is older than the required version */
export async function locateKind(log: (line: string) => void): Promise<string> {
  const { kind } = await locatePrograms(kindPrograms, { only: ['kind'], log });
  requireVersion(kind, (await run(kind, ['version', '--quiet'])).trim(), publishedImage.kind);
  return kind;
}

/**
 * Creates a cluster.
 *
 * @throws Error with one line about the cause; nothing is left behind then
 */
export async function startKind({ name, workers, image, log }: TemporaryKindOptions): Promise<TemporaryKind> {
  const [kind, kubectl] = [await locateKind(log), await locateKubectl({ log })];
  const docker = await openKindDocker(log);
  const directory = join(docker.temporary?.directory ?? tmpdir(), name);
  const options = { kind, kubectl, docker, name, directory };
  let stop = docker.close;
  try {
    await deleteLeftovers(options, log);
    if (!docker.temporary) await claimNetwork(options);
    const canPull = docker.temporary === undefined;
    const nodeImage = image || (await provideNodeImage({ docker: docker.run, canPull, log }));
    stop = onlyOnce(docker.temporary ? () => deleteCluster(options).finally(docker.close) : guard(options));
    const cluster = await createCluster(options, nodeImage, workers);
    return { ...cluster, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts guard.ts. @returns a function that makes it delete the cluster */
function guard({ kind, name, directory }: KindOptions): () => Promise<void> {
  const args = [join(import.meta.dirname, 'guard.ts'), kind, name, directory];
  const child = spawn(process.execPath, args, {
    // In its own session, so that Ctrl-C in a terminal does not interrupt it.
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  return async () => {
    if (child.connected) child.disconnect();
    await ended;
  };
}

/** Deletes the clusters of processes that were killed together with their guards. */
async function deleteLeftovers(options: KindOptions, log: (line: string) => void): Promise<void> {
  const { kind, docker, name } = options;
  const clusters = await run(kind, ['get', 'clusters', '--quiet'], { env: docker.environment });
  const prefix = name.slice(0, name.lastIndexOf('-') + 1);
  const leftovers = clusters
    .split('\n')
    .filter((other) => other.startsWith(prefix) && !isRunning(other.slice(prefix.length)));
  for (const leftover of leftovers) {
    await deleteCluster({ ...options, name: leftover, directory: join(tmpdir(), leftover) });
    log(`Deleted ${leftover}, left behind by a killed process`);
  }
}

function isRunning(pid: string): boolean {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
}
