import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { locateBinaries } from '../../../../tools/go-programs/locate.ts';
import { patience, sandbox } from './support/sandbox.ts';

const script = join(import.meta.dirname, 'support', 'locate.ts');

/** Locates the binaries in a process of its own. */
function locateElsewhere(environment: NodeJS.ProcessEnv) {
  const child: ChildProcess = spawn(process.execPath, [script], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout?.on('data', (data) => (output += data));
  child.stderr?.on('data', (data) => (output += data));
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  return { child, ended, output: () => output };
}

test('of two processes only one builds, and the other says that it waits', async () => {
  const { environment, installWaitingGo, letGo, built } = await sandbox();
  installWaitingGo();
  const first = locateElsewhere(environment);
  await expect.poll(built, patience).toHaveLength(1);
  const second = locateElsewhere(environment);
  await expect.poll(second.output, patience).toBe('Another process is building the control plane; waiting for it\n');
  letGo();
  expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
  expect(second.output()).toMatch(/\nLocated \/.*\/etcd\n$/);
  expect(built()).toHaveLength(6);
});

test('of two calls in one process only one builds', async () => {
  const { environment, installWaitingGo, letGo, built } = await sandbox();
  installWaitingGo();
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  const both = Promise.all([locateBinaries({ environment, log }), locateBinaries({ environment, log })]);
  await expect.poll(() => lines, patience).toContain('Another process is building the control plane; waiting for it');
  letGo();
  const [first, second] = await both;
  expect(first).toEqual(second);
  expect(built()).toHaveLength(6);
});

test('a killed build blocks nobody, and what it left is removed', async () => {
  const { environment, installGo, installWaitingGo, letGo, built, cacheRoot } = await sandbox();
  installWaitingGo();
  const killed = locateElsewhere(environment);
  await expect.poll(built, patience).toHaveLength(1);
  killed.child.kill('SIGKILL');
  expect(await killed.ended).toBe('SIGKILL');
  const leftovers = () => readdirSync(cacheRoot).filter((name) => name.includes('.building-'));
  expect(leftovers()).toHaveLength(1);

  installGo();
  const lines: string[] = [];
  const binaries = await locateBinaries({ environment, log: (line) => lines.push(line) });
  letGo();
  expect(binaries.etcd).toMatch(/\/etcd$/);
  expect(lines.join()).not.toContain('waiting');
  expect(leftovers()).toEqual([]);
});
