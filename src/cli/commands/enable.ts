import type { Command } from 'commander';
import type { CliContext } from '../common/context.ts';
import { addChangeFlags, addForceFlag } from '../keys/change-flags.ts';
import type { PairChangeFlags } from '../keys/change-pair.ts';

export function registerEnable(program: Command, context: CliContext): void {
  const command = program
    .command('enable <pair>')
    .summary('enable a key pair')
    .description('Enable a key pair that was disabled. Its ak and sk are the same as before.')
    .addHelpText('after', examples);
  addForceFlag(addChangeFlags(command)).action(async (reference: string, _, self: Command) => {
    const { changePair } = await import('../keys/change-pair.ts');
    await changePair(context, self.optsWithGlobals<PairChangeFlags>(), {
      reference,
      action: 'enable',
      done: 'enabled',
    });
  });
}

const examples = `
Examples:
  # Enable the only key pair of alice
  kubectl accesskey enable alice -n people

  # Enable the key pair ci of alice, and print the AccessKey
  kubectl accesskey enable alice/ci -n people -o yaml`;
