import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runSuite } from '../../../../tools/test/suite.ts';

/** Runs a program in Node as a suite. */
async function runProgram(
  program: string,
  { reportsCounts = true, signal = undefined as AbortSignal | undefined } = {},
) {
  const output = new PassThrough();
  const written = text(output);
  const suite = { name: 'sample', command: [process.execPath, '-e', program] as const, reportsCounts };
  const counts = await runSuite(suite, { output, graceMs: 200, ...(signal && { signal }) });
  output.end();
  return { counts, output: await written };
}

const report = (failed: number) => `process.send({ passed: 2, failed: ${failed}, skipped: 1 });`;
/** Starts a process that never ends, has inherited the output and prints its PID. */
const leaveProcess = (detached: boolean) => `
  const { spawn } = require('node:child_process');
  const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit', detached: ${detached} });
  left.unref();
  console.log('left ' + left.pid);`;
const leftPid = (output: string) => Number(/left (\d+)/.exec(output)?.[1]);
const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('runSuite', () => {
  it('returns the reported counts and passes the output through', async () => {
    const { counts, output } = await runProgram(`console.log('progress'); ${report(0)} process.disconnect();`);
    expect(counts).toEqual({ passed: 2, failed: 0, skipped: 1 });
    expect(output).toBe('progress\n');
  });

  it('returns the reported failures', async () => {
    const { counts } = await runProgram(`${report(3)} process.disconnect(); process.exitCode = 1;`);
    expect(counts).toEqual({ passed: 2, failed: 3, skipped: 1 });
  });

  it('counts a failure without a failed test as one', async () => {
    const { counts } = await runProgram(`${report(0)} process.disconnect(); process.exitCode = 1;`);
    expect(counts).toEqual({ passed: 2, failed: 1, skipped: 1 });
  });

  it('counts a suite that ends without a report as one failure', async () => {
    expect((await runProgram('process.exitCode = 0;')).counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect((await runProgram('process.kill(process.pid, "SIGKILL");')).counts).toMatchObject({ failed: 1 });
  });

  it('counts a command without a report only if it fails', async () => {
    const command = { reportsCounts: false };
    expect((await runProgram('', command)).counts).toEqual({ passed: 0, failed: 0, skipped: 0 });
    expect((await runProgram('process.exitCode = 2;', command)).counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it('counts a program that does not exist as a failure', async () => {
    const output = new PassThrough();
    const command = ['/nonexistent/program'] as const;
    const counts = await runSuite({ name: 'sample', command, reportsCounts: false }, { output });
    expect(counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
    await expect(text(output.end())).resolves.toContain('sample: spawn /nonexistent/program ENOENT');
  });

  it('kills a suite that does not end after its report', async () => {
    const { counts, output } = await runProgram(`${report(1)} setInterval(() => {}, 1000);`);
    expect(counts).toEqual({ passed: 2, failed: 1, skipped: 1 });
    expect(output).toContain('sample: still running after its result, killing its processes');
  });

  it('kills processes that keep the output open after the suite has ended', async () => {
    const { counts, output } = await runProgram(`${leaveProcess(false)} ${report(1)} process.disconnect();`);
    expect(counts).toEqual({ passed: 2, failed: 1, skipped: 1 });
    await expect.poll(() => isRunning(leftPid(output))).toBe(false);
  });

  it('ends even if a process in another group keeps the output open', async () => {
    const { counts, output } = await runProgram(`${leaveProcess(true)} ${report(0)} process.disconnect();`);
    process.kill(leftPid(output), 'SIGKILL');
    expect(counts).toEqual({ passed: 2, failed: 0, skipped: 1 });
  });

  it('does not keep its own process running because of a process in another group', async () => {
    const file = join(import.meta.dirname, '../../../../tools/test/suite.ts');
    const suite = { name: 'sample', command: [process.execPath, '-e', leaveProcess(true)], reportsCounts: false };
    const program = `
      import { runSuite } from ${JSON.stringify(file)};
      await runSuite(${JSON.stringify(suite)}, { output: process.stdout, graceMs: 200 });`;
    const runner = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const output = text(runner.stdout);
    onTestFinished(async () => {
      runner.kill('SIGKILL');
      process.kill(leftPid(await output), 'SIGKILL');
    });
    const [code] = await once(runner, 'exit');
    expect(code).toBe(0);
  });

  it('ends the suite when it is aborted', async () => {
    const signal = AbortSignal.timeout(100);
    const { counts } = await runProgram('setInterval(() => {}, 1000);', { signal });
    expect(counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});
