import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { notify, type SignalTarget } from '../../../../src/cli/agent/notification.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-notification-'));
});
afterEach(() => rm(folder, { recursive: true }));

const effects = (more: Partial<Parameters<typeof notify>[1]> = {}) => ({
  environment: {},
  kill: process.kill,
  signal: new AbortController().signal,
  ...more,
});

describe('a command', () => {
  const run = (command: string, timeoutMs = 10_000, more = {}) =>
    notify({ kind: 'command', command, timeoutMs }, effects(more));

  it('runs in a shell with the environment of the agent', async () => {
    await run(`echo "$WORD" > "${folder}/out"`, 10_000, { environment: { WORD: 'new' } });
    expect(await readFile(join(folder, 'out'), 'utf8')).toBe('new\n');
  });

  it('reports the exit code', async () => {
    await expect(run('exit 7')).rejects.toThrow('command ended with exit code 7');
  });

  it('reports the signal that ended it', async () => {
    await expect(run('kill -TERM $$')).rejects.toThrow('command ended with SIGTERM');
  });

  it('is killed after its time limit', async () => {
    await expect(run('exec sleep 60', 10)).rejects.toThrow('command took longer than 0.01 s');
  });

  it('is killed when the agent ends', async () => {
    await expect(run('exec sleep 60', 60_000, { signal: AbortSignal.timeout(10) })).rejects.toThrow(
      'command: the agent ended',
    );
  });

  it('is killed with the processes that it has started', async () => {
    const file = join(folder, 'pids');
    const stop = new AbortController();
    const running = run(`sleep 60 & echo $! > "${file}"; sleep 60 | cat`, 60_000, { signal: stop.signal });
    const written = () => readFile(file, 'utf8').catch(() => '');
    await expect.poll(written).toMatch(/^\d+\n$/);
    const pid = Number(await written());
    expect(await isRunning(pid)).toBe(true);
    stop.abort();
    await expect(running).rejects.toThrow('command: the agent ended');
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  /** A process that has ended may stay as a zombie until its parent reads its exit code. */
  async function isRunning(pid: number): Promise<boolean> {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tZ');
    return !/^State:\tZ/m.test(status);
  }
});

describe('a signal', () => {
  const send = (target: SignalTarget) => notify({ kind: 'signal', signal: 'SIGHUP', target }, effects());
  const pidFile = async (text: string) => {
    await writeFile(join(folder, 'pid'), text);
    return { pidFile: join(folder, 'pid') };
  };

  /** Starts a process with a name of its own that SIGHUP ends. */
  async function startTarget(name: string) {
    const child = spawn('/bin/sh', ['-c', `printf ${name} > /proc/self/comm; echo; read line`]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    return child;
  }

  it('goes to the process in the pid file', async () => {
    const child = await startTarget('by-pid');
    const exit = once(child, 'exit');
    await send(await pidFile(`${child.pid}\n`));
    expect(await exit).toEqual([null, 'SIGHUP']);
  });

  it('goes to the process with a name, of which the kernel keeps 15 characters', async () => {
    const exit = once(await startTarget('agent-target-long-name'), 'exit');
    await send({ processName: 'agent-target-long-name' });
    expect(await exit).toEqual([null, 'SIGHUP']);
  });

  it('goes to all processes with the name, also if one of another user cannot be signaled', async () => {
    const [first, second] = [await startTarget('shared-name'), await startTarget('shared-name')];
    const signaled: number[] = [];
    const kill = (pid: number) => {
      if (pid === Math.min(first.pid ?? 0, second.pid ?? 0)) throw Object.assign(new Error(), { code: 'EPERM' });
      signaled.push(pid);
    };
    const target = { processName: 'shared-name' };
    await notify({ kind: 'signal', signal: 'SIGHUP', target }, effects({ kill }));
    expect(signaled).toEqual([Math.max(first.pid ?? 0, second.pid ?? 0)]);
  });

  it.each(['', '0', '-1', '12 13', 'x'])('rejects the pid %j', async (text) => {
    await expect(send(await pidFile(text))).rejects.toThrow('must contain the pid of a process');
  });

  it('reports a pid file or a process that does not exist', async () => {
    await expect(send({ pidFile: join(folder, 'none') })).rejects.toThrow('none: cannot be read (ENOENT)');
    await expect(send({ processName: 'no-such-process' })).rejects.toThrow('no process has the name no-such-process');
    await expect(send(await pidFile('4194304'))).rejects.toThrow('cannot send SIGHUP to process 4194304 (ESRCH)');
  });
});
