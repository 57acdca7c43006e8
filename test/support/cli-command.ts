import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const main = join(import.meta.dirname, '../../src/cli/main.ts');

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** In addition to the environment of all commands; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Standard input. */
  readonly input?: string;
}

/** A user's shell with kubectl-accesskey, from its sources, in the PATH. */
export interface UserShell {
  /** Home directory. */
  readonly home: string;
  /** Runs a program and returns its output, whatever its exit code is. */
  run(program: string, args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Runs `kubectl-accesskey`. */
  accesskey(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
}

/** @param directory for the home and the programs of the user */
export async function openShell(directory: string, environment: Readonly<Record<string, string>>): Promise<UserShell> {
  const [home, programs] = [join(directory, 'home'), join(directory, 'bin')];
  for (const folder of [home, programs]) await mkdir(folder, { recursive: true });
  const program = join(programs, 'kubectl-accesskey');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
  const common = { PATH: `${programs}:${process.env.PATH}`, HOME: home, ...environment };

  function run(command: string, args: readonly string[], { env, input = '' }: CommandOptions = {}) {
    return new Promise<CommandResult>((resolve) => {
      const child = execFile(command, args, { env: { ...common, ...env } }, (error, stdout, stderr) => {
        const exitCode = error ? Number(error.code ?? -1) : 0;
        resolve({ exitCode, stdout, stderr });
      });
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });
  }
  return { home, run, accesskey: (args, options) => run(program, args, options) };
}
