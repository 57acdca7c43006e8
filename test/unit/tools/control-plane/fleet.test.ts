import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createFleet } from '../../../../tools/control-plane/fleet.ts';
import { deathWrapper } from '../../../../tools/control-plane/program.ts';
import { patience } from '../go-programs/support/sandbox.ts';
import { processesNaming } from './support/processes.ts';

const canDieWithParent = (await deathWrapper()).length > 0;

/** Starts a process that owns a fleet of one program. */
async function startOwner(ending: string) {
  const owner = spawn(process.execPath, [join(import.meta.dirname, 'support', 'fleet.ts'), ending], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  onTestFinished(() => void owner.kill('SIGKILL'));
  const ended = new Promise((resolve) => owner.once('exit', (code, signal) => resolve(signal ?? code)));
  const [line] = await once(owner.stdout, 'data');
  const directory = String(line).trim();
  // Until setpriv has replaced itself with the program, the program does not yet end with its parent.
  const isStarted = (one: { command: string }) => !one.command.includes('setpriv');
  await expect.poll(() => processesNaming(directory).filter(isStarted), patience).toHaveLength(1);
  expect(existsSync(directory)).toBe(true);
  return { owner, ended, directory };
}

async function expectNothingLeft(directory: string) {
  await expect.poll(() => processesNaming(directory), patience).toEqual([]);
  expect(existsSync(directory)).toBe(false);
}

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('leaves nothing behind after %s', async (signal) => {
  const { owner, ended, directory } = await startOwner('signal');
  owner.kill(signal);
  expect(await ended).toBe(signal);
  await expectNothingLeft(directory);
});

test.each([
  ['error', 1],
  ['exit', 3],
])('leaves nothing behind after an %s', async (ending, code) => {
  const { owner, ended, directory } = await startOwner(ending);
  owner.stdin.write('\n');
  expect(await ended).toBe(code);
  await expectNothingLeft(directory);
});

test.runIf(canDieWithParent)('kills the programs when their owner is killed', async () => {
  const { owner, ended, directory } = await startOwner('signal');
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  owner.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
  await expect.poll(() => processesNaming(directory), patience).toEqual([]);
});

test('ends the programs, cleans up once and removes the signal listeners when it is stopped', async () => {
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

test('reports an unexpected end', async () => {
  const lines: string[] = [];
  const fleet = await createFleet((line) => lines.push(line));
  await fleet.start('brief', process.execPath, ['-e', 'process.exit(4)']).ended;
  expect(lines).toEqual(['brief ended unexpectedly (exit code 4)']);
  await fleet.stop();
});
