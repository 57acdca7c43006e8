import type { Command } from 'commander';
import type { CliContext } from '../common/context.ts';
import { addChangeFlags, addForceFlag, addInUseFlag } from '../keys/change-flags.ts';
import type { PairChangeFlags } from '../keys/change-pair.ts';

export function registerDelete(program: Command, context: CliContext): void {
  const command = program
    .command('delete <name>')
    .summary('delete a key pair or an AccessKey')
    .description(
      'Delete a key pair (NAME/PAIR), or an AccessKey with all its key pairs (NAME). The operator rejects them and ' +
        'their tokens within a second, and deletes the Secrets.',
    )
    .addHelpText('after', examples);
  addInUseFlag(addForceFlag(addChangeFlags(command))).action(async (reference: string, _, self: Command) => {
    const { remove } = await import('../keys/remove.ts');
    await remove(context, self.optsWithGlobals<PairChangeFlags>(), reference);
  });
}

const examples = `
Examples:
  # Delete the key pair ci of alice
  kubectl accesskey delete alice/ci -n people

  # Delete the AccessKey alice with all its key pairs
  kubectl accesskey delete alice -n people`;
