/** A node restores the state of the machine, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { poll } from '../../tools/poll.ts';
import { cgroupsNamed } from '../../tools/single-node/cgroup.ts';
import { removeLeftovers } from '../../tools/single-node/leftovers.ts';
import { unmetRequirements } from '../../tools/single-node/requirements.ts';

const program = join(import.meta.dirname, '../../tools/single-node/main.ts');
const fit = process.env.E2E !== 'skip' && (await unmetRequirements()).length === 0;

/** Starts a node in a separate process and waits until it is ready. */
async function startNode(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout);
  const [line] = await Promise.race([once(lines, 'line'), once(child, 'exit')]);
  if (line !== 'Ready') throw new Error(`the node did not start: ${line}`);
  return child;
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

const settings = async () => [
  await readFile('/proc/sys/vm/overcommit_memory', 'utf8'),
  await readFile('/proc/sys/kernel/panic', 'utf8'),
  await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8'),
];

describe.runIf(fit)('a node leaves nothing behind', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)('when its process gets %s', async (signal) => {
    const before = await settings();
    const child = await startNode();
    const link = `node${(await childrenOf(child))[0]}`;
    expect(networkInterfaces()).toHaveProperty(link);
    expect(await tracesOf(child)).not.toEqual([]);
    expect(await settings()).toEqual(before);
    child.kill(signal);
    await poll('the removal of all traces', async () => (await tracesOf(child)).length === 0, 60_000);
    await poll('the removal of the link', async () => !(link in networkInterfaces()));
    expect(await settings()).toEqual(before);
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
