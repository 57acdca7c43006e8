import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const shownLines = 15;
const graceMilliseconds = 10_000;

/** How to start a program. */
export interface ProgramOptions {
  readonly name: string;
  /** Path of the program. */
  readonly path: string;
  readonly arguments: readonly string[];
  /** File that its output is added to. */
  readonly logFile: string;
  /** Command that the program is started through, from {@link deathWrapper}. */
  readonly wrapper: readonly string[];
}

/** A child process. */
export interface Program {
  readonly name: string;
  readonly logFile: string;
  /** Resolves when the process has ended, to how: "exit code 1", "SIGKILL" or why it could not be started. */
  readonly ended: Promise<string>;
  /** Sends a signal and waits until the process has ended; SIGKILL follows if it does not within ten seconds. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Sends a signal without waiting. */
  kill(signal: NodeJS.Signals): void;
  /** Whether a signal has been sent, so that the end is no surprise. */
  isStopping(): boolean;
}

/** Starts a program in a session of its own, so that Control-C at a terminal reaches only this process. */
export function startProgram(options: ProgramOptions): Program {
  const { name, logFile } = options;
  const [command, ...rest] = [...options.wrapper, options.path, ...options.arguments];
  const log = openSync(logFile, 'a');
  const child = spawn(command ?? options.path, rest, { detached: true, stdio: ['ignore', log, log] });
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
  const patience = setTimeout(kill, graceMilliseconds, 'SIGKILL');
  await ended;
  clearTimeout(patience);
}

/** The last lines that a program has written. */
export async function lastLines(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8');
  return text.trimEnd().split('\n').slice(-shownLines).join('\n');
}

/**
 * The command that makes a program die with this process even if this process is killed, where there is one: on Linux
 * with util-linux. Otherwise nothing.
 */
export async function deathWrapper(): Promise<string[]> {
  const wrapper = ['setpriv', '--pdeathsig', 'KILL'];
  const [command = '', ...rest] = wrapper;
  return promisify(execFile)(command, [...rest, 'true']).then(
    () => wrapper,
    () => [],
  );
}
