import type { Command } from 'commander';
import type { CliContext } from '../common/context.ts';
import type { TokenFlags } from '../credential/get-token.ts';
import { addTokenFlags, environmentHelpWithoutPair } from './token-flags.ts';

export function registerCredential(program: Command, context: CliContext): void {
  const command = program
    .command('credential')
    .summary('print a credential for kubectl (exec plugin)')
    .description(
      'Print a token as ExecCredential (client.authentication.k8s.io/v1). kubectl and other clients run this command for ' +
        'the user that `kubectl accesskey login` writes to the kubeconfig.',
    )
    .addHelpText(
      'after',
      `${environmentHelpWithoutPair}\n\nExamples:\n  kubectl accesskey credential --server https://keys.example.org`,
    );
  addTokenFlags(command).action(async (_, self: Command) => {
    const { printCredential } = await import('../credential/print-credential.ts');
    await printCredential(context, self.optsWithGlobals<TokenFlags>());
  });
}
