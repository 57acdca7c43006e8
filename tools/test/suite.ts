/** Runs one suite of `npm test` as a process group of its own, which always ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Numbers of tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface Suite {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Whether the process sends its counts over its IPC channel, as test/support/summary-reporter.ts does. */
  readonly reportsCounts: boolean;
}

export interface SuiteOptions {
  /** Receives the output of the suite while it runs. */
  readonly output: NodeJS.WritableStream;
  /** Ends the suite. */
  readonly signal?: AbortSignal;
  /** How long a suite may take to end after it has reported its counts. Default: 20 seconds. */
  readonly graceMs?: number;
}

/** Set for suites that report their counts to this process. */
export const reportVariable = 'ACCESSKEY_TEST_REPORT';

const defaultGraceMs = 20_000;
/** How long processes may take to end after SIGTERM. */
const terminationMs = 5000;
/** How long the rest of the output of an ended suite may take to arrive. */
const maxDrainMs = 2000;

/**
 * Runs a suite until it ends. If it does not end after reporting its counts, or leaves processes behind, the whole
 * process group is killed.
 *
 * @returns the counts; a failure without a failed test, such as a lint error or a crash, counts as one failed test
 */
export async function runSuite(
  suite: Suite,
  { output, signal, graceMs = defaultGraceMs }: SuiteOptions,
): Promise<Counts> {
  const child = startProcess(suite);
  for (const stream of [child.stdout, child.stderr]) stream?.pipe(output, { end: false });
  const exited = new Promise<boolean>((resolve) => {
    child.once('error', (error) => {
      output.write(`${suite.name}: ${error.message}\n`);
      resolve(false);
    });
    child.once('exit', (code) => resolve(code === 0));
  });
  const terminate = () => void terminateGroup(child, exited);
  signal?.addEventListener('abort', terminate, { once: true });
  let counts: Counts | undefined;
  child.once('message', (message: Counts) => {
    counts = message;
    void endWithin(graceMs);
  });
  const endWithin = async (milliseconds: number) => {
    if (await within(milliseconds, exited)) return;
    output.write(`${suite.name}: still running after its result, killing its processes\n`);
    await terminateGroup(child, exited);
  };
  const succeeded = await exited;
  signal?.removeEventListener('abort', terminate);
  await closeOutput(child, Math.min(graceMs, maxDrainMs));
  return completeCounts(suite, counts, succeeded);
}

function startProcess({ command: [program, ...args], reportsCounts }: Suite): ChildProcess {
  return spawn(program, args, {
    // Its own process group.
    detached: true,
    // Through pipes of this process, because processes that are left behind would keep inherited ones open.
    stdio: reportsCounts ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...(process.stdout.isTTY && { FORCE_COLOR: '1' }),
      ...(reportsCounts && { [reportVariable]: 'ipc' }),
    },
  });
}

async function terminateGroup(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  killGroup(child, 'SIGTERM');
  if (!(await within(terminationMs, exited))) killGroup(child, 'SIGKILL');
}

/** Reads the rest of the output, and ends what the suite has left behind. */
async function closeOutput(child: ChildProcess, drainMs: number): Promise<void> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const ended = Promise.all(streams.map((stream) => stream.readableEnded || once(stream, 'end')));
  const complete = await within(drainMs, ended);
  killGroup(child, 'SIGKILL');
  if (!complete) for (const stream of streams) stream.destroy();
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function within(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const timeout = sleep(milliseconds, false, { signal: timer.signal }).catch(() => false);
  const done = await Promise.race([work.then(() => true), timeout]);
  timer.abort();
  return done;
}

function completeCounts({ reportsCounts }: Suite, counts: Counts | undefined, succeeded: boolean): Counts {
  if (counts === undefined) return { passed: 0, failed: succeeded && !reportsCounts ? 0 : 1, skipped: 0 };
  return succeeded || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}
