import type { Command } from 'commander';

/** In place of the command of commander, which prints the help of the program for an unknown command. */
export function registerHelp(program: Command): void {
  program
    .command('help [command...]')
    .summary('print the help of a command')
    .description('Print the help of a command.')
    .configureHelp({ showGlobalOptions: false })
    .action((names: string[]) => findCommand(program, names).help());
}

/** @throws CommanderError if there is no such command */
function findCommand(command: Command, [name, ...rest]: readonly string[]): Command {
  if (name === undefined) return command;
  const next = command.commands.find((one) => one.name() === name || one.aliases().includes(name));
  if (next) return findCommand(next, rest);
  return command.error(`error: unknown command '${name}'`, { code: 'commander.unknownCommand' });
}
