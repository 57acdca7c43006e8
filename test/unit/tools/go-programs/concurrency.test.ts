import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { locateBinaries } from '../../../../tools/go-programs/locate.ts';
import { patience, sandbox } from './support/sandbox.ts';

const script = join(import.meta.dirname, 'support', 'locate.ts');

/** Locates the binaries in another process. */
function locateInProcess(environment: NodeJS.ProcessEnv) {
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

test('builds in only one of two processes, while the other logs that it waits', async () => {
  const { environment, installWaitingGo, finishBuild, built } = await sandbox();
  installWaitingGo();
  const first = locateInProcess(environment);
  await expect.poll(built, patience).toHaveLength(1);
  const second = locateInProcess(environment);
  await expect.poll(second.output, patience).toBe('Another process is building the control plane; waiting for it\n');
  finishBuild();
  expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
  expect(second.output()).toMatch(/\nLocated \/.*\/etcd\n$/);
  expect(built()).toHaveLength(6);
});

test('builds in only one of two calls in a process', async () => {
  const { environment, installWaitingGo, finishBuild, built } = await sandbox();
  installWaitingGo();
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  const both = Promise.all([locateBinaries({ environment, log }), locateBinaries({ environment, log })]);
  await expect.poll(() => lines, patience).toContain('Another process is building the control plane; waiting for it');
  finishBuild();
  const [first, second] = await both;
  expect(first).toEqual(second);
  expect(built()).toHaveLength(6);
});

test('does not wait for a killed build, and removes its temporary folder', async () => {
  const { environment, installGo, installWaitingGo, finishBuild, built, cacheRoot } = await sandbox();
  installWaitingGo();
  const killed = locateInProcess(environment);
  await expect.poll(built, patience).toHaveLength(1);
  killed.child.kill('SIGKILL');
  expect(await killed.ended).toBe('SIGKILL');
  const leftovers = () => readdirSync(cacheRoot).filter((name) => name.includes('.building-'));
  expect(leftovers()).toHaveLength(1);

  installGo();
  const lines: string[] = [];
  const binaries = await locateBinaries({ environment, log: (line) => lines.push(line) });
  finishBuild();
  expect(binaries.etcd).toMatch(/\/etcd$/);
  expect(lines.join()).not.toContain('waiting');
  expect(leftovers()).toEqual([]);
});
