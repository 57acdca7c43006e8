import type { Command } from 'commander';
import type { CliContext } from '../common/context.ts';
import { addChangeFlags, addForceFlag, addInUseFlag } from '../keys/change-flags.ts';
import type { PairChangeFlags } from '../keys/change-pair.ts';

export function registerDisable(program: Command, context: CliContext): void {
  const command = program
    .command('disable <pair>')
    .summary('disable a key pair')
    .description('Disable a key pair. The operator rejects it and its tokens within a second, and keeps its Secret.')
    .addHelpText('after', examples);
  addInUseFlag(addForceFlag(addChangeFlags(command))).action(async (reference: string, _, self: Command) => {
    const { changePair } = await import('../keys/change-pair.ts');
    await changePair(context, self.optsWithGlobals<PairChangeFlags>(), {
      reference,
      action: 'disable',
      done: 'disabled',
    });
  });
}

const examples = `
Examples:
  # Disable the only key pair of alice
  kubectl accesskey disable alice -n people

  # Disable the key pair ci of alice, and print the AccessKey
  kubectl accesskey disable alice/ci -n people -o yaml`;
