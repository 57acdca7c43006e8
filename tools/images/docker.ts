import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, succeeds } from '../command.ts';
import { cacheDirectory } from '../control-plane/binaries.ts';
import { withLock } from '../control-plane/lock.ts';
import { lastLines } from '../control-plane/program.ts';
import { installMissing } from '../debian-packages.ts';
import { onlyOnce } from '../once.ts';
import { poll } from '../poll.ts';
import { createCgroup } from '../single-node/cgroup.ts';
import { noteOwner, placeOf, removeLeftovers } from '../single-node/leftovers.ts';

/** A Docker that builds images. */
export interface Docker {
  /** Runs the client and gives its standard output. */
  run(...args: string[]): Promise<string>;
  /** Flags that every build needs with this daemon. */
  readonly buildFlags: readonly string[];
}

interface OpenDocker extends Docker {
  /** Ends the daemon, if it was started for this. */
  close(): Promise<void>;
}

/**
 * Does something with Docker, one process at a time: a daemon that is started keeps what it built in the same place.
 *
 * @throws Error if there is none and none can be started
 */
export async function withDocker<T>(log: (line: string) => void, use: (docker: Docker) => Promise<T>): Promise<T> {
  const cache = cacheDirectory(process.env);
  await mkdir(cache, { recursive: true });
  return withLock(join(cache, 'docker.lock'), {}, async () => {
    const docker = await openDocker(log);
    try {
      return await use(docker);
    } finally {
      await docker.close();
    }
  });
}

/**
 * Opens the machine's Docker; where no daemon answers, and this is root on Debian, one is started for the time being, with
 * what it built kept in the cache.
 *
 * @throws Error if there is none and none can be started
 */
async function openDocker(log: (line: string) => void): Promise<OpenDocker> {
  if (await succeeds('docker', ['info'])) {
    return { run: (...args) => run('docker', args), buildFlags: [], close: () => Promise.resolve() };
  }
  if (process.getuid?.() !== 0) throw new Error('no Docker daemon answers, and root is needed to start one');
  await installMissing({ '/usr/sbin/dockerd': 'docker.io' }, log);
  return startDaemon(log);
}

// Its mounts and processes are gone when the daemon, their first process, is.
const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'];
const keptLayers = '3GB';
/** For the daemon to end by itself, in milliseconds. */
const patience = 20_000;

async function startDaemon(log: (line: string) => void): Promise<OpenDocker> {
  await removeLeftovers();
  const { directory, cgroup } = placeOf(process.pid, 'docker');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await createCgroup(cgroup);
  const socket = join(directory, 'docker.sock');
  const daemon = spawnDaemon(directory, daemonArguments(directory, socket, cgroup));
  await noteOwner(directory, daemon.pid ?? 0);
  const env = { ...process.env, DOCKER_HOST: `unix://${socket}`, DOCKER_BUILDKIT: '1' };
  // The client of the same package, which builds without a plugin.
  const client = (...args: string[]) => run('/usr/bin/docker', args, { env });
  const close = onlyOnce(() => endDaemon(daemon));
  try {
    await poll('the Docker daemon', () => client('info'), 60_000);
  } catch (error) {
    const lines = await lastLines(join(directory, 'dockerd.log'));
    await close();
    throw new Error(`${(error as Error).message}\n${lines}`, { cause: error });
  }
  // It has no network of its own.
  const buildFlags = ['--network=host'];
  return { run: client, buildFlags, close: onlyOnce(() => tidy(client, log).finally(close)) };
}

/** What it keeps in the cache would grow with every build: images that have lost their name go, and the oldest layers. */
async function tidy(client: Docker['run'], log: (line: string) => void): Promise<void> {
  try {
    await client('image', 'prune', '--force');
    await client('builder', 'prune', '--force', '--keep-storage', keptLayers);
  } catch (error) {
    log(`What Docker keeps in the cache was not made smaller: ${(error as Error).message}`);
  }
}

/** Without a network of its own, so that nothing of the machine's is changed; builds use the machine's. */
function daemonArguments(directory: string, socket: string, cgroup: string): string[] {
  return [
    ...['--host', `unix://${socket}`, '--pidfile', join(directory, 'dockerd.pid')],
    ...['--exec-root', join(directory, 'exec'), '--data-root', join(cacheDirectory(process.env), 'docker')],
    ...['--bridge=none', '--iptables=false', '--ip-forward=false', `--cgroup-parent=/${cgroup}`],
  ];
}

function spawnDaemon(directory: string, args: readonly string[]): ChildProcess {
  const log = openSync(join(directory, 'dockerd.log'), 'a');
  const wrapper = ['--pdeathsig', 'KILL', 'unshare', ...namespaces, '/usr/sbin/dockerd'];
  const daemon = spawn('setpriv', [...wrapper, ...args], { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  return daemon;
}

/** unshare ignores SIGTERM, so its child is told; when unshare is killed, the child is too. */
async function endDaemon(daemon: ChildProcess): Promise<void> {
  const ended = once(daemon, 'exit');
  const children = await readFile(`/proc/${daemon.pid}/task/${daemon.pid}/children`, 'utf8').catch(() => '');
  for (const child of children.trim().split(' ').filter(Boolean)) process.kill(Number(child), 'SIGTERM');
  const impatience = setTimeout(() => daemon.kill('SIGKILL'), patience);
  if (daemon.exitCode === null && daemon.signalCode === null) await ended;
  clearTimeout(impatience);
  await removeLeftovers();
}
