/** Runs programs that end by themselves. For programs that keep running, see control-plane/program.ts. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const maxOutputBytes = 64 * 1024 * 1024;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/**
 * Runs a program.
 *
 * @returns its standard output
 * @throws Error with the end of its standard error if the exit code is not 0
 */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  try {
    const { stdout } = await execute(program, args, { maxBuffer: maxOutputBytes, ...options });
    return stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`${program} ${args[0] ?? ''}: ${stderr?.trim().slice(-2000) || message}`, { cause: error });
  }
}

/** Whether a program exists and its exit code is 0. */
export async function succeeds(program: string, args: readonly string[], options?: RunOptions): Promise<boolean> {
  return run(program, args, options).then(
    () => true,
    () => false,
  );
}
