import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createFleet } from '../../../../tools/control-plane/fleet.ts';
import { deathWrapper } from '../../../../tools/control-plane/program.ts';
import { processesNaming } from './support/processes.ts';
import { patience } from './support/sandbox.ts';

const canDieWithParent = (await deathWrapper()).length > 0;

/** Starts a process with a fleet of one program. */
async function startOwner(ending: string) {
  const owner = spawn(process.execPath, [join(import.meta.dirname, 'support', 'fleet.ts'), ending], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  onTestFinished(() => void owner.kill('SIGKILL'));
  const ended = new Promise((resolve) => owner.once('exit', (code, signal) => resolve(signal ?? code)));
  const [line] = await once(owner.stdout, 'data');
  const directory = String(line).trim();
  // While it is still setpriv, it has not yet asked to die with its parent.
  const isStarted = (one: { command: string }) => !one.command.includes('setpriv');
  await expect.poll(() => processesNaming(directory).filter(isStarted), patience).toHaveLength(1);
  expect(existsSync(directory)).toBe(true);
  return { owner, ended, directory };
}

async function expectNothingLeft(directory: string) {
  await expect.poll(() => processesNaming(directory), patience).toEqual([]);
  expect(existsSync(directory)).toBe(false);
}

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('nothing is left after %s', async (signal) => {
  const { owner, ended, directory } = await startOwner('signal');
  owner.kill(signal);
  expect(await ended).toBe(signal);
  await expectNothingLeft(directory);
});

test.each([
  ['error', 1],
  ['exit', 3],
])('nothing is left after an %s', async (ending, code) => {
  const { owner, ended, directory } = await startOwner(ending);
  owner.stdin.write('\n');
  expect(await ended).toBe(code);
  await expectNothingLeft(directory);
});

test.runIf(canDieWithParent)('the programs die with a process that is killed', async () => {
  const { owner, ended, directory } = await startOwner('signal');
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  owner.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
  await expect.poll(() => processesNaming(directory), patience).toEqual([]);
});

test('stopping ends the programs, does the clean-ups once and takes the guards away', async () => {
  const listeners = process.listenerCount('SIGTERM');
  const lines: string[] = [];
  const fleet = await createFleet((line) => lines.push(line));
  expect(process.listenerCount('SIGTERM')).toBe(listeners + 1);
  const program = fleet.start('idle', process.execPath, ['-e', 'setInterval(() => undefined, 1000)', fleet.directory]);
  let cleanUps = 0;
  fleet.atEnd(() => {
    cleanUps += 1;
  });
  await Promise.all([fleet.stop(), fleet.stop()]);
  expect(await program.ended).toBe('SIGKILL');
  expect(existsSync(fleet.directory)).toBe(false);
  expect(cleanUps).toBe(1);
  expect(process.listenerCount('SIGTERM')).toBe(listeners);
  expect(lines).toEqual([]);
  expect(() => fleet.start('idle', process.execPath, [])).toThrow();
});

test('an unexpected end is reported', async () => {
  const lines: string[] = [];
  const fleet = await createFleet((line) => lines.push(line));
  await fleet.start('brief', process.execPath, ['-e', 'process.exit(4)']).ended;
  expect(lines).toEqual(['brief ended unexpectedly (exit code 4)']);
  await fleet.stop();
});
