/** Docker for kind clusters: that of the machine, or a temporary daemon in a network namespace of its own. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireLock, cacheDirectory } from '../cache.ts';
import { onlyOnce } from '../control-plane/clean-up.ts';
import { installMissing } from '../debian/packages.ts';
import { hasDocker } from '../images/docker.ts';
import { startDockerDaemon } from '../images/docker-daemon.ts';
import { run } from '../run-command.ts';

export interface KindDocker {
  /** Environment variables for kind. */
  readonly environment: NodeJS.ProcessEnv;
  /** Runs the client and returns its standard output. */
  run(...args: string[]): Promise<string>;
  /** Set for a temporary daemon. */
  readonly temporary:
    | {
        /** The address at which this machine reaches published ports. */
        readonly address: string;
        /** Folder that is removed with the daemon. */
        readonly directory: string;
      }
    | undefined;
  /** Stops a temporary daemon with all its containers. */
  close(): Promise<void>;
}

/**
 * Connects to the Docker daemon of the machine. If none is running, starts a temporary daemon, which ends with this
 * process. Its images stay in the cache, so only one such daemon runs at a time.
 *
 * @throws Error if no daemon is running and none can be started
 */
export async function openKindDocker(log: (line: string) => void): Promise<KindDocker> {
  if (await hasDocker()) {
    const client = (...args: string[]) => run('docker', args);
    return { environment: process.env, run: client, temporary: undefined, close: () => Promise.resolve() };
  }
  const folder = join(cacheDirectory(process.env), 'kind');
  await mkdir(folder, { recursive: true });
  const release = await acquireLock(join(folder, 'docker.lock'), { activity: 'running a kind cluster', log });
  try {
    const daemon = await startDockerDaemon({
      kind: 'kind',
      dataRoot: join(folder, 'docker'),
      ownNetwork: true,
      ...((await hasAllCapabilities()) ? {} : { runtime: await boundedRuntime(log) }),
      log,
    });
    await removeContainers(daemon.run);
    const { environment, run: client, directory, link, stop } = daemon;
    const temporary = { address: link?.nodeAddress ?? '', directory };
    return { environment, run: client, temporary, close: onlyOnce(() => stop().finally(release)) };
  } catch (error) {
    release();
    throw error;
  }
}

/** The bounding set of a process with all capabilities that kind's privileged containers request. */
const allCapabilities = 0x1ff_ffff_ffffn;

async function hasAllCapabilities(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'utf8');
  const [, mask = '0'] = /^CapBnd:\s*([\da-f]+)$/m.exec(status) ?? [];
  return (BigInt(`0x${mask}`) & allCapabilities) === allCapabilities;
}

/** Returns the path of the runtime that removes the capabilities that this process does not have. */
async function boundedRuntime(log: (line: string) => void): Promise<string> {
  await installMissing({ jq: 'jq' }, log);
  return join(import.meta.dirname, 'bounded-runc.sh');
}

/** Removes the containers and volumes of a daemon that was killed. */
async function removeContainers(client: KindDocker['run']): Promise<void> {
  const containers = (await client('ps', '--all', '--quiet')).split('\n').filter(Boolean);
  if (containers.length > 0) await client('rm', '--force', '--volumes', ...containers);
  await client('volume', 'prune', '--force');
}
