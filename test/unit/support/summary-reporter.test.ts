import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { reportVariable } from '../../../tools/test/suite.ts';

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
