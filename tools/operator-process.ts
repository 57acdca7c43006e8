import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { poll } from './poll.ts';

const mainFile = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** The operator as a process of its own. */
export interface OperatorProcess {
  readonly process: ChildProcess;
  /** URL of the platform API. */
  readonly url: string;
  /** URL of the probes. */
  readonly healthUrl: string;
  /** Every line that it wrote, so far. */
  readonly output: readonly string[];
  /** Resolves when /readyz says so. */
  ready(): Promise<void>;
  /** Sends a signal and gives the exit code when it has ended (null when a signal ended it) and its output is read. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface StartOptions {
  /** Arguments of node itself, before the program. */
  nodeArguments?: readonly string[];
  /** Variables besides those of this process. */
  environment?: Readonly<Record<string, string>>;
}

/**
 * Starts the operator and waits until it listens.
 *
 * @param args as for src/main.ts
 * @throws Error with its output when it ends before it listens
 */
export async function startOperator(
  args: readonly string[],
  { nodeArguments = [], environment = {} }: StartOptions = {},
): Promise<OperatorProcess> {
  const child = spawn(process.execPath, [...nodeArguments, mainFile, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const output: string[] = [];
  const listening = Promise.withResolvers<Listening>();
  const take = (line: string) => {
    output.push(line);
    const entry = parse(line);
    if (entry?.msg === 'listening') listening.resolve(entry);
  };
  createInterface(child.stdout).on('line', take);
  createInterface(child.stderr).on('line', take);
  child.once('exit', (code) => listening.reject(new Error(`the operator ended with ${code}:\n${output.join('\n')}`)));
  const ports = await listening.promise;
  const healthUrl = `http://127.0.0.1:${ports.health}`;
  return {
    process: child,
    url: `${ports.tls ? 'https' : 'http'}://127.0.0.1:${ports.api}`,
    healthUrl,
    output,
    ready: () => poll('the operator to be ready', async () => (await fetch(`${healthUrl}/readyz`)).ok).then(() => {}),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, 'close');
      child.kill(signal);
      const [code] = await ended;
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
