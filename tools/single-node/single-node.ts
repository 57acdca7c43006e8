import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { locateBinaries, locatePrograms } from '../control-plane/binaries.ts';
import { lastLines } from '../control-plane/program.ts';
import { makeImage } from '../images/archive.ts';
import { onlyOnce } from '../once.ts';
import { poll } from '../poll.ts';
import { createCgroup } from './cgroup.ts';
import { importImage, pauseImage } from './container-runtime.ts';
import { noteOwner, placeOf, removeLeftovers } from './leftovers.ts';
import { preparePrograms, unfitness } from './machine.ts';
import type { Answer, NodeSettings, Request } from './messages.ts';
import { linkTo } from './network.ts';
import { type NodeBinaries, nodePrograms } from './programs.ts';

/** A cluster of one real node on this machine: kubelet, containerd and pods, in namespaces of their own. */
export interface SingleNode {
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Path of kubectl. */
  readonly kubectl: string;
  /** Makes the images of an archive (`docker save`) known to the node. */
  loadImage(archive: string): Promise<void>;
  restartKubelet(): Promise<void>;
  /** Ends everything and puts the machine back as it was. Safe to call twice. */
  stop(): Promise<void>;
}

/** Network, mounts and processes of the node are gone when its first process is. */
const namespaces = ['--net', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'];
/** A shell as first process takes in orphans, which node does not. */
const firstProcess = ['sh', '-c', '"$@"; exit $?', 'sh'];

export interface SingleNodeOptions {
  /** Receives progress, a line at a time. */
  readonly log: (line: string) => void;
  /** Ends the node, also while it starts. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a node; programs that this machine does not have are built or installed first. It ends with this process, also
 * when that is killed.
 *
 * @throws Error if the machine cannot have one (it says what is missing) or something does not start; nothing is left then
 */
export async function startSingleNode(options: SingleNodeOptions): Promise<SingleNode> {
  const { log, signal } = options;
  await prepareMachine(log);
  const { kubectl } = await locateBinaries({ log, signal });
  const binaries = await locatePrograms(nodePrograms, { log, signal });
  const place = placeOf(process.pid, 'node');
  await mkdir(place.directory, { mode: 0o700 });
  const node = enterNamespaces(place.directory);
  const stop = onlyOnce(() => stopNode(node));
  signal?.addEventListener('abort', () => stop(), { once: true });
  try {
    const settings = await settle(node, { ...place, binaries });
    await request(node, { ask: 'start', settings }, log);
    return {
      kubeconfig: settings.kubeconfig,
      kubectl,
      loadImage: (archive) => importImage(place.directory, archive),
      restartKubelet: () => request(node, { ask: 'restart-kubelet' }, log),
      stop,
    };
  } catch (error) {
    const lines = await lastLines(join(place.directory, 'node.log')).catch(() => '');
    await stop();
    throw lines === '' ? error : new Error(`${(error as Error).message}\n${lines}`, { cause: error });
  }
}

async function prepareMachine(log: (line: string) => void): Promise<void> {
  const wrong = await unfitness();
  if (wrong.length > 0) throw new Error(`no node on this machine: ${wrong.join('; ')}`);
  await preparePrograms(log);
  for (const name of await removeLeftovers()) log(`Removed ${name}, which had been left behind`);
}

type Place = Pick<NodeSettings, 'directory' | 'cgroup' | 'binaries'>;

/** Gives the node what it can only have from outside: its network, its cgroup and the image of sandboxes. */
async function settle(node: ChildProcess, place: Place): Promise<NodeSettings> {
  const { directory, cgroup, binaries } = place;
  const pid = await ownNetwork(node);
  await noteOwner(directory, pid);
  await createCgroup(cgroup);
  const pauseArchive = await makePauseImage(binaries, directory);
  const kubeconfig = join(directory, 'admin.kubeconfig');
  return { ...place, pauseArchive, kubeconfig, link: await linkTo(pid) };
}

function enterNamespaces(directory: string): ChildProcess {
  const log = openSync(join(directory, 'node.log'), 'a');
  const inside = join(import.meta.dirname, 'inside.ts');
  // A session of its own: Control-C at a terminal reaches this process only, which then has the node end.
  const child = spawn('unshare', [...namespaces, ...firstProcess, process.execPath, inside], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  return child;
}

/** The number of the process, once it has a network of its own. */
async function ownNetwork({ pid }: ChildProcess): Promise<number> {
  if (pid === undefined) throw new Error('unshare could not be started');
  const here = await readlink('/proc/self/ns/net');
  await poll('the network namespace', async () => (await readlink(`/proc/${pid}/ns/net`)) !== here);
  return pid;
}

/** Asks the node for something and waits until it is done. */
async function request(node: ChildProcess, message: Request, log: (line: string) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onMessage = (answer: Answer) => {
    if (answer.answer === 'log') log(answer.line);
    else if (answer.answer === 'done') resolve();
    else reject(new Error(answer.message));
  };
  const onExit = () => reject(new Error('the node ended'));
  node.on('message', onMessage).once('exit', onExit);
  node.send(message);
  await promise.finally(() => node.off('message', onMessage).off('exit', onExit));
}

/** The node ends itself when nobody is connected to it, and its folder and cgroup with it. */
async function stopNode(node: ChildProcess): Promise<void> {
  const ended = node.exitCode !== null || node.signalCode !== null ? undefined : once(node, 'exit');
  if (node.connected) node.disconnect();
  await ended;
  await removeLeftovers();
}

/** The image of each pod's sandbox. */
async function makePauseImage({ pause }: NodeBinaries, directory: string): Promise<string> {
  const archive = join(directory, 'pause.tar');
  const root = await mkdtemp(join(directory, 'pause-'));
  await copyFile(pause, join(root, 'pause'));
  await makeImage(pauseImage, root, archive, { Entrypoint: ['/pause'], User: '65535:65535' });
  return archive;
}
