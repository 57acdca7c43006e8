/**
 * A cluster with one real node on this machine for end-to-end tests: kubelet, containerd and pods, in their own
 * network, mount and PID namespaces. node-process.ts runs inside these namespaces.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onlyOnce } from '../control-plane/clean-up.ts';
import { lastLines } from '../control-plane/program.ts';
import { locateBinaries, locatePrograms } from '../go-programs/locate.ts';
import { nodePrograms } from '../go-programs/program-sets.ts';
import { createCgroup } from './cgroup.ts';
import { importImage, pauseImage } from './container-runtime.ts';
import { recordOwner, removeLeftovers, workspaceOf } from './leftovers.ts';
import type { NodeSettings, Request, Response } from './messages.ts';
import { createLink, waitForNetworkNamespace } from './network.ts';
import { createPauseImage } from './pause-image.ts';
import { installRequirements, unmetRequirements } from './requirements.ts';

export interface SingleNode {
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Path of kubectl. */
  readonly kubectl: string;
  /** Loads the images of an archive (`docker save`) into the node. */
  loadImage(archive: string): Promise<void>;
  restartKubelet(): Promise<void>;
  /** Stops the node and restores the machine. Can be called repeatedly. */
  stop(): Promise<void>;
}

/** The kernel removes the network, mounts and processes of the node when its first process ends. */
const namespaces = ['--net', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'];
/** The first process is a shell because it reaps orphans, which node does not. */
const firstProcess = ['sh', '-c', '"$@"; exit $?', 'sh'];

export interface SingleNodeOptions {
  /** Receives progress, line by line. */
  readonly log: (line: string) => void;
  /** Stops the node, also while it is starting. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a node. Missing programs are built or installed first. The node ends when this process ends, even if this
 * process is killed.
 *
 * @throws Error if the machine does not meet the requirements or a program does not start; everything is cleaned up
 *   then
 */
export async function startSingleNode(options: SingleNodeOptions): Promise<SingleNode> {
  const { log, signal } = options;
  await prepareMachine(log);
  const { kubectl } = await locateBinaries({ log, signal });
  const binaries = await locatePrograms(nodePrograms, { log, signal });
  const workspace = workspaceOf(process.pid, 'node');
  await mkdir(workspace.directory, { mode: 0o700 });
  const node = startNodeProcess(workspace.directory);
  const stop = onlyOnce(() => stopNode(node));
  signal?.addEventListener('abort', () => stop(), { once: true });
  try {
    const settings = await prepareSettings(node, { ...workspace, binaries });
    await request(node, { type: 'start', settings }, log);
    return {
      kubeconfig: settings.kubeconfig,
      kubectl,
      loadImage: (archive) => importImage(workspace.directory, archive),
      restartKubelet: () => request(node, { type: 'restart-kubelet' }, log),
      stop,
    };
  } catch (error) {
    const lines = await lastLines(join(workspace.directory, 'node.log')).catch(() => '');
    await stop();
    throw lines === '' ? error : new Error(`${(error as Error).message}\n${lines}`, { cause: error });
  }
}

async function prepareMachine(log: (line: string) => void): Promise<void> {
  const unmet = await unmetRequirements();
  if (unmet.length > 0) throw new Error(`cannot run a node on this machine: ${unmet.join('; ')}`);
  await installRequirements(log);
  for (const name of await removeLeftovers()) log(`Removed ${name}, left behind by a killed process`);
}

type NodeResources = Pick<NodeSettings, 'directory' | 'cgroup' | 'binaries'>;

/** Prepares what the node cannot create inside its namespaces: its network, its cgroup and the sandbox image. */
async function prepareSettings(node: ChildProcess, resources: NodeResources): Promise<NodeSettings> {
  const { directory, cgroup, binaries } = resources;
  const pid = await waitForNetworkNamespace(node);
  await recordOwner(directory, pid);
  await createCgroup(cgroup);
  const pauseArchive = join(directory, 'pause.tar');
  await createPauseImage({ name: pauseImage, pause: binaries.pause, archive: pauseArchive });
  const kubeconfig = join(directory, 'admin.kubeconfig');
  return { ...resources, pauseArchive, kubeconfig, link: await createLink(pid) };
}

function startNodeProcess(directory: string): ChildProcess {
  const log = openSync(join(directory, 'node.log'), 'a');
  const nodeProcess = join(import.meta.dirname, 'node-process.ts');
  // In its own session: Ctrl-C in a terminal interrupts only this process, which then stops the node.
  const child = spawn('unshare', [...namespaces, ...firstProcess, process.execPath, nodeProcess], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  return child;
}

/** Sends a request to the node and waits until it is done. */
async function request(node: ChildProcess, message: Request, log: (line: string) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onMessage = (response: Response) => {
    if (response.type === 'log') log(response.line);
    else if (response.type === 'done') resolve();
    else reject(new Error(response.message));
  };
  const onExit = () => reject(new Error('the node ended'));
  node.on('message', onMessage).once('exit', onExit);
  node.send(message);
  await promise.finally(() => node.off('message', onMessage).off('exit', onExit));
}

/** Disconnects the node, which then removes its folder and cgroup and ends. */
async function stopNode(node: ChildProcess): Promise<void> {
  const ended = node.exitCode !== null || node.signalCode !== null ? undefined : once(node, 'exit');
  if (node.connected) node.disconnect();
  await ended;
  await removeLeftovers();
}
