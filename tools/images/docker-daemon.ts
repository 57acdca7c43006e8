/** A temporary Docker daemon, which needs root and Debian's docker.io and changes nothing on the machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onlyOnce } from '../control-plane/clean-up.ts';
import { lastLines } from '../control-plane/program.ts';
import { installMissing } from '../debian/packages.ts';
import { poll } from '../poll.ts';
import { run } from '../run-command.ts';
import { createCgroup } from '../single-node/cgroup.ts';
import { recordOwner, removeLeftovers, type WorkspaceKind, workspaceOf } from '../single-node/leftovers.ts';
import { configureLink, createLink, type NodeLink, waitForNetworkNamespace } from '../single-node/network.ts';

export interface DaemonOptions {
  readonly kind: WorkspaceKind;
  /** Folder for images, layers and containers, which stays. Only one daemon at a time may use it. */
  readonly dataRoot: string;
  /** Runs the daemon and its containers in a network namespace of their own. Containers then reach no other network. */
  readonly ownNetwork: boolean;
  /** A runtime that replaces runc. */
  readonly runtime?: string;
  readonly log: (line: string) => void;
}

export interface DockerDaemon {
  /** Environment variables for clients. */
  readonly environment: NodeJS.ProcessEnv;
  /** Folder for its files, which is removed when it ends. */
  readonly directory: string;
  /** Link between this machine and the daemon's network, if that is separate. */
  readonly link: NodeLink | undefined;
  /** Runs the client and returns its standard output. */
  run(...args: string[]): Promise<string>;
  /** Stops the daemon and its containers. Can be called repeatedly. */
  stop(): Promise<void>;
}

// The kernel removes the mounts, networks and processes of the daemon when the daemon, their first process, ends.
const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'];
const program = '/usr/sbin/dockerd';
const gracePeriodMs = 20_000;

/**
 * Starts a daemon, which ends when this process ends, even if this process is killed.
 *
 * @throws Error if the daemon cannot be installed or started
 */
export async function startDockerDaemon(options: DaemonOptions): Promise<DockerDaemon> {
  if (process.getuid?.() !== 0) throw new Error('no Docker daemon is running, and starting one requires root');
  await installMissing({ [program]: 'docker.io' }, options.log);
  await removeLeftovers();
  const { directory, cgroup } = workspaceOf(process.pid, options.kind);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await createCgroup(cgroup);
  const socket = join(directory, 'docker.sock');
  const daemon = spawnDaemon(directory, daemonArguments(directory, socket, cgroup, options), options.ownNetwork);
  await recordOwner(directory, daemon.pid ?? 0);
  const environment = { ...process.env, DOCKER_HOST: `unix://${socket}`, DOCKER_BUILDKIT: '1' };
  // The client of the same package does not need a plugin to build.
  const client = (...args: string[]) => run('/usr/bin/docker', args, { env: environment });
  const stop = onlyOnce(() => stopDaemon(daemon));
  try {
    const link = options.ownNetwork ? await connectNetwork(daemon) : undefined;
    await poll('the Docker daemon', () => client('info'), 60_000);
    return { environment, directory, link, run: client, stop };
  } catch (error) {
    const lines = await lastLines(join(directory, 'dockerd.log'));
    await stop();
    throw new Error(`${(error as Error).message}\n${lines}`, { cause: error });
  }
}

/** Without a bridge network and firewall rules, so that the network configuration of the machine does not change. */
function daemonArguments(directory: string, socket: string, cgroup: string, options: DaemonOptions): string[] {
  const { dataRoot, runtime } = options;
  return [
    `--host=unix://${socket}`,
    `--pidfile=${join(directory, 'dockerd.pid')}`,
    `--exec-root=${join(directory, 'exec')}`,
    `--data-root=${dataRoot}`,
    '--bridge=none',
    '--iptables=false',
    '--ip-forward=false',
    `--cgroup-parent=/${cgroup}`,
    ...(runtime === undefined ? [] : [`--add-runtime=replacement=${runtime}`, '--default-runtime=replacement']),
  ];
}

// Docker creates missing folders that containers mount, such as /lib/modules. With this overlay, they are not created on
// the machine.
const coveredFolder = '/usr/lib';
const coverAndRun = `mount -t overlay overlay -o "lowerdir=${coveredFolder},upperdir=$1/upper,workdir=$1/work" \
${coveredFolder} && shift && exec "$@"`;

function spawnDaemon(directory: string, args: readonly string[], ownNetwork: boolean): ChildProcess {
  const log = openSync(join(directory, 'dockerd.log'), 'a');
  const own = ownNetwork ? ['--net', ...namespaces] : namespaces;
  const script = `mkdir "$1/upper" "$1/work" && ${coverAndRun}`;
  const wrapper = ['--pdeathsig', 'KILL', 'unshare', ...own, 'sh', '-c', script, 'sh', directory, program];
  const daemon = spawn('setpriv', [...wrapper, ...args], { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  return daemon;
}

async function connectNetwork(daemon: ChildProcess): Promise<NodeLink> {
  const pid = await waitForNetworkNamespace(daemon);
  const link = await createLink(pid);
  await configureLink(link, pid);
  return link;
}

/** Sends SIGTERM to the child of unshare, which itself ignores it. Killing unshare also kills the child. */
async function stopDaemon(daemon: ChildProcess): Promise<void> {
  const ended = once(daemon, 'exit');
  const children = await readFile(`/proc/${daemon.pid}/task/${daemon.pid}/children`, 'utf8').catch(() => '');
  for (const child of children.trim().split(' ').filter(Boolean)) process.kill(Number(child), 'SIGTERM');
  const timeout = setTimeout(() => daemon.kill('SIGKILL'), gracePeriodMs);
  if (daemon.exitCode === null && daemon.signalCode === null) await ended;
  clearTimeout(timeout);
  await removeLeftovers();
}
