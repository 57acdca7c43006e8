/** A node restores the state of the machine, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { deathWrapper } from '../../tools/control-plane/program.ts';
import { poll } from '../../tools/poll.ts';
import { removeLeftovers } from '../../tools/single-node/leftovers.ts';
import { unmetRequirements } from '../../tools/single-node/requirements.ts';
import { processesNaming, sharedSettings, tracesNaming } from './machine.ts';

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
function tracesOf({ pid }: ChildProcess): Promise<string[]> {
  return tracesNaming(`accesskey-operator-space-node-${pid}`);
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
    await poll('the removal of all traces', async () => (await tracesOf(child)).length === 0);
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
