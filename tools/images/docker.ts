/** Docker for image builds: that of the machine, or a temporary daemon. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, withLock } from '../cache.ts';
import { onlyOnce } from '../control-plane/clean-up.ts';
import { lastLines } from '../control-plane/program.ts';
import { installMissing } from '../debian/packages.ts';
import { poll } from '../poll.ts';
import { run, succeeds } from '../run-command.ts';
import { createCgroup } from '../single-node/cgroup.ts';
import { recordOwner, removeLeftovers, workspaceOf } from '../single-node/leftovers.ts';

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

/**
 * Connects to the Docker daemon of the machine. If none is running, starts a temporary daemon, which needs root and
 * Debian and keeps its images and layers in the cache.
 *
 * @throws Error if no daemon is running and none can be started
 */
async function openDocker(log: (line: string) => void): Promise<OpenDocker> {
  if (await succeeds('docker', ['info'])) {
    return { run: (...args) => run('docker', args), buildFlags: [], close: () => Promise.resolve() };
  }
  if (process.getuid?.() !== 0) throw new Error('no Docker daemon is running, and starting one requires root');
  await installMissing({ '/usr/sbin/dockerd': 'docker.io' }, log);
  return startDaemon(log);
}

// The kernel removes the mounts and processes of the daemon when the daemon, their first process, ends.
const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'];
const maxCachedLayers = '3GB';
const gracePeriodMilliseconds = 20_000;

async function startDaemon(log: (line: string) => void): Promise<OpenDocker> {
  await removeLeftovers();
  const { directory, cgroup } = workspaceOf(process.pid, 'docker');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await createCgroup(cgroup);
  const socket = join(directory, 'docker.sock');
  const daemon = spawnDaemon(directory, daemonArguments(directory, socket, cgroup));
  await recordOwner(directory, daemon.pid ?? 0);
  const env = { ...process.env, DOCKER_HOST: `unix://${socket}`, DOCKER_BUILDKIT: '1' };
  // The client of the same package does not need a plugin to build.
  const client = (...args: string[]) => run('/usr/bin/docker', args, { env });
  const close = onlyOnce(() => stopDaemon(daemon));
  try {
    await poll('the Docker daemon', () => client('info'), 60_000);
  } catch (error) {
    const lines = await lastLines(join(directory, 'dockerd.log'));
    await close();
    throw new Error(`${(error as Error).message}\n${lines}`, { cause: error });
  }
  // The daemon has no network for builds.
  const buildFlags = ['--network=host'];
  return { run: client, buildFlags, close: onlyOnce(() => prune(client, log).finally(close)) };
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

/** Without a bridge network, so that the network configuration of the machine does not change. */
function daemonArguments(directory: string, socket: string, cgroup: string): string[] {
  return [
    `--host=unix://${socket}`,
    `--pidfile=${join(directory, 'dockerd.pid')}`,
    `--exec-root=${join(directory, 'exec')}`,
    `--data-root=${join(cacheDirectory(process.env), 'docker')}`,
    '--bridge=none',
    '--iptables=false',
    '--ip-forward=false',
    `--cgroup-parent=/${cgroup}`,
  ];
}

function spawnDaemon(directory: string, args: readonly string[]): ChildProcess {
  const log = openSync(join(directory, 'dockerd.log'), 'a');
  const wrapper = ['--pdeathsig', 'KILL', 'unshare', ...namespaces, '/usr/sbin/dockerd'];
  const daemon = spawn('setpriv', [...wrapper, ...args], { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  return daemon;
}

/** Sends SIGTERM to the child of unshare, which itself ignores it. Killing unshare also kills the child. */
async function stopDaemon(daemon: ChildProcess): Promise<void> {
  const ended = once(daemon, 'exit');
  const children = await readFile(`/proc/${daemon.pid}/task/${daemon.pid}/children`, 'utf8').catch(() => '');
  for (const child of children.trim().split(' ').filter(Boolean)) process.kill(Number(child), 'SIGTERM');
  const timeout = setTimeout(() => daemon.kill('SIGKILL'), gracePeriodMilliseconds);
  if (daemon.exitCode === null && daemon.signalCode === null) await ended;
  clearTimeout(timeout);
  await removeLeftovers();
}
