import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { succeeds } from '../run-command.ts';

const shownLines = 15;
const gracePeriodMs = 10_000;

/** How to start a program. */
export interface ProgramOptions {
  readonly name: string;
  /** Path of the program. */
  readonly path: string;
  readonly arguments: readonly string[];
  /** File to which its output is appended. */
  readonly logFile: string;
  /** Command that starts the program, from {@link deathWrapper}. */
  readonly wrapper: readonly string[];
  /** Its environment variables. Default: those of this process. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
}

/** A child process. */
export interface Program {
  readonly name: string;
  readonly logFile: string;
  /** Resolves when the process has ended, with "exit code 1", "SIGKILL" or the error that prevented the start. */
  readonly ended: Promise<string>;
  /** Sends a signal and waits until the process has ended. Sends SIGKILL after ten seconds. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Sends a signal without waiting. */
  kill(signal: NodeJS.Signals): void;
  /** Whether a signal has been sent, so that the end is expected. */
  isStopping(): boolean;
}

/** Starts a program in its own session, so that Ctrl-C in a terminal interrupts only this process. */
export function startProgram(options: ProgramOptions): Program {
  const { name, logFile } = options;
  const [command, ...rest] = [...options.wrapper, options.path, ...options.arguments];
  const log = openSync(logFile, 'a');
  const child = spawn(command ?? options.path, rest, {
    detached: true,
    stdio: ['ignore', log, log],
    ...(options.environment && { env: options.environment }),
  });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  let stopping = false;
  const kill = (signal: NodeJS.Signals) => {
    stopping = true;
    child.kill(signal);
  };
  return { name, logFile, ended, isStopping: () => stopping, kill, stop: (signal) => stop(kill, ended, signal) };
}

async function stop(kill: Program['kill'], ended: Promise<string>, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  kill(signal);
  const timeout = setTimeout(kill, gracePeriodMs, 'SIGKILL');
  await ended;
  clearTimeout(timeout);
}

/** Returns the last lines of a log file. */
export async function lastLines(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8');
  return text.trimEnd().split('\n').slice(-shownLines).join('\n');
}

/**
 * Returns the command with which a program ends when this process ends, even if this process is killed. It is empty
 * where util-linux is not available.
 */
export async function deathWrapper(): Promise<string[]> {
  const args = ['--pdeathsig', 'KILL'];
  return (await succeeds('setpriv', [...args, 'true'])) ? ['setpriv', ...args] : [];
}
