import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { TestModule } from 'vitest/node';
import { reportVariable } from '../../../tools/test/suite.ts';
import SummaryReporter from '../../support/summary-reporter.ts';

const file = join(import.meta.dirname, '../../support/summary-reporter.ts');

/** Starts a process with the reporter, which never ends by itself, and waits for its first message. */
async function startReporter() {
  const program = `
    import SummaryReporter from ${JSON.stringify(file)};
    new SummaryReporter().onInit();
    process.send('started');
    setInterval(() => {}, 1000);`;
  const env = { ...process.env, [reportVariable]: 'ipc' };
  const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { env, stdio: [...stdio] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'message');
  return child;
}

test('a run ends when the process that waits for its counts is killed', async () => {
  const child = await startReporter();
  const exited = once(child, 'exit');
  child.disconnect();
  expect((await exited)[0]).toBe(1);
});

test('a failed hook is shown and counted, of a file and of a block', () => {
  vi.stubEnv(reportVariable, undefined);
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  onTestFinished(() => {
    write.mockRestore();
    vi.unstubAllEnvs();
  });
  const errors = () => [{ message: 'the hook has failed' }];
  const block = { fullName: 'block', errors };
  const passed = { result: () => ({ state: 'passed' }) };
  const children = { allTests: () => [passed], allSuites: () => [block] };
  const module = { relativeModuleId: 'a.test.ts', children, errors } as unknown as TestModule;
  const reporter = new SummaryReporter();
  reporter.onTestModuleEnd(module);
  reporter.onTestRunEnd([module], []);
  const output = write.mock.calls.join('');
  expect(output).toContain('failed: a.test.ts: hooks and imports\nthe hook has failed');
  expect(output).toContain('1 passed, 2 failed');
});
