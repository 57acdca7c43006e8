import type { Command } from 'commander';
import type { CliContext } from '../common/context.ts';
import { addOutputFlag } from '../common/output.ts';
import type { ListFlags } from '../keys/list.ts';

export function registerList(program: Command, context: CliContext): void {
  const command = program
    .command('list')
    .alias('ls')
    .summary('list key pairs')
    .description('List the key pairs of AccessKeys with their state, expiry and last use.')
    .option('-A, --all-namespaces', 'list those of all namespaces')
    .option('-l, --selector <selector>', 'label selector, such as team=shop')
    .option('-w, --watch', 'after listing, print changes until Ctrl-C')
    .addHelpText('after', examples);
  addOutputFlag(command, ['table', 'wide', 'json', 'yaml', 'name'], 'table').action(async (_, self: Command) => {
    const { list } = await import('../keys/list.ts');
    await list(context, self.optsWithGlobals<ListFlags>());
  });
}

const examples = `
Examples:
  # Key pairs in the namespace people
  kubectl accesskey list -n people

  # Key pairs of the whole cluster, with ak, Secret and next rotation
  kubectl accesskey list -A -o wide

  # Print changes of the state until Ctrl-C
  kubectl accesskey list --watch`;
