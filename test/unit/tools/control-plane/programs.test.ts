import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lastLines, startProgram } from '../../../../tools/control-plane/program.ts';
import { StartError, untilReady } from '../../../../tools/control-plane/readiness.ts';
import { keepRunning } from '../../../../tools/control-plane/restart.ts';
import { patience, temporaryFolder } from '../go-programs/support/sandbox.ts';

/** Starts a shell script as a program. */
async function startScript(script: string) {
  const logFile = join(await temporaryFolder(), 'script.log');
  return startProgram({ name: 'script', path: '/bin/sh', arguments: ['-c', script], logFile, wrapper: [] });
}

const endless = 'while :; do sleep 1; done';

describe('a program', () => {
  test('writes standard output and standard error to its log file', async () => {
    const program = await startScript('echo out; echo err >&2');
    expect(await program.ended).toBe('exit code 0');
    expect(await lastLines(program.logFile)).toBe('out\nerr');
  });

  test('is stopped with the given signal', async () => {
    const program = await startScript(endless);
    expect(program.isStopping()).toBe(false);
    await program.stop('SIGINT');
    expect(program.isStopping()).toBe(true);
    expect(await program.ended).toBe('SIGINT');
  });

  test('reports the reason if it does not exist', async () => {
    const logFile = join(await temporaryFolder(), 'none.log');
    const program = startProgram({ name: 'none', path: '/does/not/exist', arguments: [], logFile, wrapper: [] });
    expect(await program.ended).toContain('ENOENT');
  });
});

describe('untilReady', () => {
  test('waits until the program is ready', async () => {
    const program = await startScript(endless);
    const answers = [false, false, true, true];
    await untilReady(program, { dependencies: [], isReady: async () => answers.shift() ?? false });
    expect(answers).toEqual([true]);
    await program.stop();
  });

  test('fails with the last log lines if the program ends', async () => {
    const program = await startScript('echo first; echo last words; exit 7');
    const waited = untilReady(program, { dependencies: [], isReady: async () => false });
    await expect(waited).rejects.toThrow('script ended (exit code 7); its last lines:\nfirst\nlast words');
    await expect(waited).rejects.toMatchObject({ portTaken: false });
  });

  test('fails if a dependency ends, and reports that its port was taken', async () => {
    const program = await startScript(endless);
    const dependency = await startScript('echo "listen tcp 127.0.0.1:1: bind: address already in use"; exit 1');
    const failure = await untilReady(program, { dependencies: [dependency], isReady: async () => false }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(StartError);
    expect(failure).toMatchObject({ portTaken: true });
    await program.stop();
  });

  test('fails if the signal is aborted', async () => {
    const program = await startScript(endless);
    const end = new AbortController();
    const waited = untilReady(program, { dependencies: [], isReady: async () => false, signal: end.signal });
    end.abort();
    await expect(waited).rejects.toMatchObject({ name: 'AbortError' });
    await program.stop();
  });

  test('ends when its signal is aborted while a check hangs', async () => {
    const program = await startScript(endless);
    const end = new AbortController();
    const checking = Promise.withResolvers<void>();
    const isReady = () => {
      checking.resolve();
      return new Promise<boolean>(() => {});
    };
    const waited = untilReady(program, { dependencies: [], isReady, signal: end.signal });
    await checking.promise;
    end.abort(new Error('stopped'));
    await expect(waited).rejects.toThrow('stopped');
    await program.stop();
  });
});

describe('keepRunning', () => {
  test('restarts a program five times at most', async () => {
    const programs = await Promise.all(Array.from({ length: 7 }, () => startScript('exit 1')));
    const [first, ...others] = programs;
    if (!first) throw new Error('no program');
    let restarts = 0;
    const restart = () => others[restarts++] ?? first;
    const lines: string[] = [];
    const { signal } = new AbortController();
    const log = (line: string) => lines.push(line);
    await keepRunning(first, { restart, mayStart: async () => true, delay: 0, stopped: signal, log });
    expect(restarts).toBe(5);
    expect(lines).toEqual(['script has ended too often and is not restarted']);
  });

  test('waits until the program may start, and ends when the signal is aborted', async () => {
    const first = await startScript('exit 1');
    const folder = await temporaryFolder();
    const second = await startScript(`: > ${join(folder, 'started')}; ${endless}`);
    const answers = [false, true];
    let restarts = 0;
    const stopping = new AbortController();
    const supervised = keepRunning(first, {
      restart: () => {
        restarts += 1;
        return second;
      },
      mayStart: async () => answers.shift() ?? false,
      delay: 0,
      stopped: stopping.signal,
      log: () => undefined,
    });
    await expect.poll(() => restarts, patience).toBe(1);
    expect(answers).toEqual([]);
    await expect.poll(() => existsSync(join(folder, 'started')), patience).toBe(true);
    stopping.abort();
    await second.stop();
    await supervised;
    expect(restarts).toBe(1);
  });
});
