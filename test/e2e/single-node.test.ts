/** A node restores the state of the machine, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink, statfs } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { deathWrapper } from '../../tools/control-plane/program.ts';
import { poll } from '../../tools/poll.ts';
import { cgroupsNamed } from '../../tools/single-node/cgroup.ts';
import { removeLeftovers } from '../../tools/single-node/leftovers.ts';
import { kernelSettings } from '../../tools/single-node/mounts.ts';
import { unmetRequirements } from '../../tools/single-node/requirements.ts';

const program = join(import.meta.dirname, '../../tools/single-node/main.ts');
const fit = process.env.E2E !== 'skip' && (await unmetRequirements()).length === 0;

/** Starts a node in a separate process, which ends with the test, and waits until it is ready. */
async function startNode(): Promise<ChildProcess> {
  const [command = '', ...args] = [...(await deathWrapper()), process.execPath, program];
  // Not with inherited output, which a process that is left behind would keep open.
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => endNode(child));
  child.stderr.pipe(process.stderr, { end: false });
  const lines = createInterface(child.stdout);
  const [line] = await Promise.race([once(lines, 'line'), once(child, 'exit')]);
  if (line !== 'Ready') throw new Error(`the node did not start: ${line}`);
  return child;
}

/** Ends a node that a failed test has left running. */
async function endNode(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await poll('the end of the node', async () => (await tracesOf(child)).length === 0);
}

/** @returns the pids of the child processes */
async function childrenOf({ pid }: ChildProcess): Promise<string[]> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ');
}

/** @returns everything on the machine that belongs to the node of a process */
async function tracesOf({ pid }: ChildProcess): Promise<string[]> {
  const name = `accesskey-operator-space-node-${pid}`;
  const folders = (await readdir(tmpdir())).filter((entry) => entry === name);
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').filter((line) => line.includes(name));
  return [...folders, ...mounts, ...(await cgroupsNamed(name)), ...(await processesNaming(name))];
}

async function processesNaming(name: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return commands.filter((command) => command.includes(name));
}

const procFileSystem = 0x9fa0;

/**
 * The kernel settings that processes of the node could change on the machine. Their current values prove nothing,
 * because other programs change them, too.
 *
 * @param pid a process in the namespaces of the node
 */
async function sharedSettings(pid: string | undefined): Promise<string[]> {
  const paths = Object.keys(kernelSettings).map((name) => `/proc/sys/${name}`);
  const types = await Promise.all(paths.map(async (path) => (await statfs(`/proc/${pid}/root${path}`)).type));
  const shared = paths.filter((_, index) => types[index] === procFileSystem);
  // The settings of the network belong to its namespace.
  const isSharedNetwork = (await readlink(`/proc/${pid}/ns/net`)) === (await readlink('/proc/self/ns/net'));
  return isSharedNetwork ? [...shared, '/proc/sys/net'] : shared;
}

describe.runIf(fit)('a node leaves nothing behind', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)('when its process gets %s', async (signal) => {
    const child = await startNode();
    const [first] = await childrenOf(child);
    const link = `node${first}`;
    expect(networkInterfaces()).toHaveProperty(link);
    expect(await tracesOf(child)).not.toEqual([]);
    expect(await sharedSettings(first)).toEqual([]);
    child.kill(signal);
    await poll('the removal of all traces', async () => (await tracesOf(child)).length === 0, 60_000);
    await poll('the removal of the link', async () => !(link in networkInterfaces()));
  });

  test('when all its processes are killed and the leftovers are removed', async () => {
    const child = await startNode();
    for (const pid of await childrenOf(child)) process.kill(Number(pid), 'SIGKILL');
    child.kill('SIGKILL');
    await poll('its end', async () => (await processesNaming(`node-${child.pid}`)).length === 0);
    await removeLeftovers();
    expect(await tracesOf(child)).toEqual([]);
  });
});
