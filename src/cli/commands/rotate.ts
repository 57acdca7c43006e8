import type { Command } from 'commander';
import type { CliContext } from '../common/context.ts';
import { addChangeFlags, addForceFlag, addWaitFlags } from '../keys/change-flags.ts';
import type { PairChangeFlags } from '../keys/change-pair.ts';
import { parseDuration } from '../keys/pair-flags.ts';

export function registerRotate(program: Command, context: CliContext): void {
  const command = program
    .command('rotate <pair>')
    .summary('replace ak and sk of a key pair')
    .description('Rotate a key pair: the operator writes a new ak and sk to the same Secret.')
    .option(
      '--overlap <duration>',
      'how long the current ak and sk stay valid, such as 24h, or 0s; kept for later rotations (default: as before)',
      parseDuration,
    )
    .option('--in-use', 'also if the previous ak and sk, which stop working then, were used within the last hour')
    .addHelpText('after', examples);
  addWaitFlags(addForceFlag(addChangeFlags(command)), 'the key pair is rotated').action(
    async (reference: string, _, self: Command) => {
      const { changePair } = await import('../keys/change-pair.ts');
      const change = { reference, action: 'rotate', done: 'will be rotated' } as const;
      await changePair(context, self.optsWithGlobals<PairChangeFlags>(), change);
    },
  );
}

const examples = `
Examples:
  # Rotate the only key pair of alice, and wait until the Secret has the new one
  kubectl accesskey rotate alice -n people --wait

  # Rotate the key pair ci; services have a day to read the new one
  kubectl accesskey rotate alice/ci -n people --overlap 24h`;
