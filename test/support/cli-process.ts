import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { deathWrapper } from '../../tools/control-plane/program.ts';
import type { StartOptions } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';

const mainFile = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** kubectl-accesskey as a child process that keeps running. */
export interface CliProcess {
  readonly process: ChildProcess;
  /** All lines that it has written so far. */
  readonly output: readonly string[];
  /** Waits for a line that contains the text. @returns the last such line */
  logged(text: string): Promise<string>;
  /** Resolves with the exit code when it has ended; null if a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Sends a signal and waits until it has ended. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the program from its sources, without the environment of the test except for PATH. */
export async function startCli(
  args: readonly string[],
  { nodeArguments = [], environment = {} }: StartOptions = {},
): Promise<CliProcess> {
  const program = [process.execPath, ...nodeArguments, mainFile];
  const [command = '', ...rest] = [...(await deathWrapper()), ...program, ...args];
  const env = { PATH: process.env.PATH, ...environment };
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => void output.push(line));
  }
  const ended = once(child, 'close').then(([code]): number | null => code);
  return {
    process: child,
    output,
    ended,
    logged: (text) => poll(`the line ${text}`, async () => output.findLast((line) => line.includes(text))),
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}
