/** The reference of the commands of kubectl-accesskey in docs/cli-reference.md. */
import type { Command, Option } from 'commander';
import type { CliContext } from '../../src/cli/common/context.ts';
import { createProgram } from '../../src/cli/program.ts';
import { table } from './markdown.ts';

/** The commands are only described, never run. */
const unused = (): never => {
  throw new Error('the reference runs no command');
};

const context: CliContext = {
  env: {},
  home: '',
  uid: undefined,
  get stdin() {
    return unused();
  },
  stdinIsTerminal: false,
  stdout: { write: unused, isTerminal: false },
  stderr: { write: unused, isTerminal: false },
  now: unused,
  signal: new AbortController().signal,
  kill: unused,
  version: '',
  connect: unused,
};

/** Returns a section for each command: description, usage and flags. */
export function cliReference(): string {
  const program = createProgram(context);
  const global = `## Flags of all commands\n\n${flagsTable(program)}`;
  return [...commandsOf(program).map((one) => section(one, program.name())), global].join('\n\n');
}

function commandsOf(command: Command): Command[] {
  const children = command.createHelp().visibleCommands(command);
  return children.filter((one) => one.name() !== 'help').flatMap((one) => [one, ...commandsOf(one)]);
}

function section(command: Command, program: string): string {
  const path = pathOf(command, program);
  const flags = flagsTable(command);
  const parts = [
    `## ${path}`,
    command.description(),
    `\`${path} ${command.usage()}\``,
    ...(flags === '' ? [] : [flags]),
  ];
  return parts.join('\n\n');
}

function pathOf(command: Command, program: string): string {
  const { parent } = command;
  return parent ? `${pathOf(parent, program)} ${command.name()}` : program;
}

function flagsTable(command: Command): string {
  const options = command.createHelp().visibleOptions(command);
  const rows = options.filter((one) => one.long !== '--help').map(rowOf);
  return rows.length === 0 ? '' : table(['flag', ''], rows);
}

function rowOf({ flags, description, defaultValue, argChoices }: Option): string[] {
  const value = typeof defaultValue === 'string' ? ` (default: ${defaultValue})` : '';
  // In a code span of a table, angle brackets would be escaped twice.
  const text = flags.replace(/<(.+)>| \[(.+)\]/, (_, required?: string, optional = '') =>
    (required ?? `=${optional}`).toUpperCase(),
  );
  const choices = argChoices ? `: ${argChoices.join(', ')}` : '';
  return [`\`${text}\``, `${description}${choices}${value}`];
}
