/** Finds the program of an exec entry as kubectl does, with LookPath of Go. */
import { access, constants } from 'node:fs/promises';
import path, { type PlatformPath } from 'node:path';
import type { Environment } from '../token/source.ts';

/** @returns whether the command names a file; any other command is looked for in PATH */
export function isPath(command: string, { sep }: Pick<PlatformPath, 'sep'> = path): boolean {
  return command.includes('/') || command.includes(sep);
}

/**
 * @param rules those of the system
 * @returns the files that can be the program
 */
export function programFiles(command: string, env: Environment, rules: PlatformPath = path): string[] {
  const isWindows = rules.sep === '\\';
  const endings = isWindows ? (env.PATHEXT || '.COM;.EXE;.BAT;.CMD').split(';').filter(Boolean) : [''];
  if (isWindows && rules.extname(command) !== '') endings.unshift('');
  const directories = (env.PATH ?? '').split(rules.delimiter);
  const files = isPath(command, rules) ? [command] : directories.map((directory) => rules.join(directory, command));
  return files.flatMap((file) => endings.map((ending) => file + ending));
}

/** @returns whether kubectl finds the program and may run it */
export function isFound(command: string, env: Environment): Promise<boolean> {
  const found = programFiles(command, env).map((file) => access(file, constants.X_OK));
  return Promise.any(found).then(
    () => true,
    () => false,
  );
}
