import type { Command } from 'commander';
import type { CliContext } from '../common/context.ts';
import { addChangeFlags, addForceFlag } from '../keys/change-flags.ts';
import type { PairChangeFlags } from '../keys/change-pair.ts';

export function registerRevokeTokens(program: Command, context: CliContext): void {
  const command = program
    .command('revoke-tokens <pair>')
    .summary('revoke the tokens of a key pair')
    .description(
      'Revoke the tokens that were issued for a key pair. The operator rejects them; the key pair stays valid. Other ' +
        'services that only verify the signature accept them until they expire. The time is that of the API server.',
    )
    .addHelpText('after', examples);
  addForceFlag(addChangeFlags(command)).action(async (reference: string, _, self: Command) => {
    const { changePair } = await import('../keys/change-pair.ts');
    const change = { reference, action: 'revoke', subject: 'tokens of key pair', done: 'revoked' } as const;
    await changePair(context, self.optsWithGlobals<PairChangeFlags>(), change);
  });
}

const examples = `
Examples:
  # Revoke the tokens of the key pair ci of alice
  kubectl accesskey revoke-tokens alice/ci -n people`;
