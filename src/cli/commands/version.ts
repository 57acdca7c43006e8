import type { Command } from 'commander';
import type { CliContext } from '../common/context.ts';

export function registerVersion(program: Command, { stdout, version }: CliContext): void {
  program
    .command('version')
    .summary('print the version')
    .description('Print the version of this program, as --version does.')
    .configureHelp({ showGlobalOptions: false })
    .action(() => stdout.write(`${version}\n`));
}
