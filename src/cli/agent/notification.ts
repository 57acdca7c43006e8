import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { killGroup } from '../../kube/process-group.ts';

/** What to do after the token was replaced. */
export type Notification =
  /** Runs a command with /bin/sh. */
  | { readonly kind: 'command'; readonly command: string; readonly timeoutMs: number }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals; readonly target: SignalTarget };

export type SignalTarget =
  /** A file with the pid of the process. */
  | { readonly pidFile: string }
  /** The name of the process, as in /proc/PID/comm. In a pod, this requires shareProcessNamespace. */
  | { readonly processName: string };

export interface NotificationEffects {
  /** Environment of the command. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly kill: (pid: number, signal: NodeJS.Signals) => void;
  /** Ends a command that is running. */
  readonly signal: AbortSignal;
}

/** @throws Error that says what failed */
export function notify(notification: Notification, effects: NotificationEffects): Promise<void> {
  return notification.kind === 'command'
    ? runCommand(notification, effects)
    : sendSignal(notification.signal, notification.target, effects);
}

/**
 * Runs the command in a process group of its own, so that all its processes can be killed. It writes to the error stream of
 * the agent, because the output of the agent is reserved for results.
 */
async function runCommand(
  { command, timeoutMs }: Extract<Notification, { kind: 'command' }>,
  { environment, kill, signal }: NotificationEffects,
): Promise<void> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const end = AbortSignal.any([signal, deadline]);
  end.throwIfAborted();
  const child = spawn('/bin/sh', ['-c', command], {
    stdio: ['ignore', 2, 2],
    env: { ...environment },
    detached: true,
  });
  const killAll = () => killGroup(child.pid, kill);
  end.addEventListener('abort', killAll);
  const [code, ended] = await once(child, 'exit')
    .catch((error: Error) => {
      throw new Error(`command: ${error.message}`);
    })
    .finally(() => end.removeEventListener('abort', killAll));
  if (code === 0) return;
  if (deadline.aborted) throw new Error(`command took longer than ${timeoutMs / 1000} s`);
  if (signal.aborted) throw new Error('command: the agent ended');
  throw new Error(`command ended with ${code === null ? ended : `exit code ${code}`}`);
}

async function sendSignal(signal: NodeJS.Signals, target: SignalTarget, { kill }: NotificationEffects): Promise<void> {
  const pids = 'pidFile' in target ? [await readPid(target.pidFile)] : await findProcesses(target.processName);
  // Another user may have given the name to a process that must not be signaled, so all are tried.
  const failures = pids.flatMap((pid) => problemOf(() => kill(pid, signal), pid) ?? []);
  if (failures.length === pids.length) throw new Error(`cannot send ${signal} to ${failures.join(', ')}`);
}

function problemOf(send: () => void, pid: number): string | undefined {
  try {
    send();
    return undefined;
  } catch (error) {
    return `process ${pid} (${(error as NodeJS.ErrnoException).code})`;
  }
}

async function readPid(file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${file}: cannot be read (${error.code})`);
  });
  const pid = Number(text.trim());
  // 0 and negative numbers would signal whole process groups.
  if (!Number.isInteger(pid) || pid < 1) throw new Error(`${file}: must contain the pid of a process`);
  return pid;
}

/** The kernel cuts the name of a process off after 15 bytes. */
const maxNameLength = 15;

async function findProcesses(name: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^[1-9]\d*$/.test(entry));
  const names = await Promise.all(pids.map((pid) => readFile(join('/proc', pid, 'comm'), 'utf8').catch(() => '')));
  const found = pids.filter((_, index) => names[index]?.trimEnd() === name.slice(0, maxNameLength)).map(Number);
  if (found.length === 0) throw new Error(`no process has the name ${name}`);
  return found;
}
