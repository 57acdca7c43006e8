import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { deathWrapper } from './control-plane/program.ts';
import { poll } from './poll.ts';

const mainFile = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** The operator as a child process. */
export interface OperatorProcess {
  readonly process: ChildProcess;
  /** URL of the platform API. */
  readonly url: string;
  /** URL of the probes and metrics. */
  readonly healthUrl: string;
  /** All lines that the operator has written so far. */
  readonly output: readonly string[];
  /** Removes all lines written so far and returns them, for long runs that would fill the memory. */
  takeOutput(): string[];
  /**
   * Waits for a line that contains the text: it can be read after the response of the request that it is about.
   *
   * @returns the last such line
   */
  logged(text: string): Promise<string>;
  /** Resolves when /readyz returns 200. */
  ready(): Promise<void>;
  /**
   * Sends a signal and waits until the process has ended and its output has been read.
   *
   * @returns the exit code, or null if a signal ended the process
   */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface StartOptions {
  /** The program. Default: src/main.ts. */
  program?: string;
  /** Arguments of node itself, before the program. */
  nodeArguments?: readonly string[];
  /** Environment variables in addition to those of this process. */
  environment?: Readonly<Record<string, string>>;
}

/**
 * Starts the operator and waits until it listens.
 *
 * @param args arguments of the operator
 * @throws Error with the output if the operator ends before it listens
 */
export async function startOperator(
  args: readonly string[],
  { program = mainFile, nodeArguments = [], environment = {} }: StartOptions = {},
): Promise<OperatorProcess> {
  const [command = '', ...rest] = [...(await deathWrapper()), process.execPath, ...nodeArguments, program, ...args];
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const output: string[] = [];
  const listening = Promise.withResolvers<Listening>();
  const onLine = (line: string) => {
    output.push(line);
    const entry = parse(line);
    if (entry?.msg === 'listening') listening.resolve(entry);
  };
  createInterface(child.stdout).on('line', onLine);
  createInterface(child.stderr).on('line', onLine);
  child.once('exit', (code) => {
    listening.reject(new Error(`the operator exited with code ${code}:\n${output.join('\n')}`));
  });
  const ports = await listening.promise;
  const healthUrl = `http://127.0.0.1:${ports.health}`;
  return {
    process: child,
    url: `${ports.tls ? 'https' : 'http'}://127.0.0.1:${ports.api}`,
    healthUrl,
    output,
    takeOutput: () => output.splice(0),
    logged: (text) => poll(`the log line ${text}`, async () => output.findLast((line) => line.includes(text))),
    ready: () => poll('the operator to be ready', async () => (await fetch(`${healthUrl}/readyz`)).ok).then(() => {}),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const closed = once(child, 'close');
      child.kill(signal);
      const [code] = await closed;
      return code;
    },
  };
}

/** The log line of an operator that listens. */
interface Listening {
  msg?: string;
  api: number;
  tls: boolean;
  health: number;
}

function parse(line: string): Listening | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
