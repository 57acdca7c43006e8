import { type Command, Option } from 'commander';
import type { CliContext } from '../common/context.ts';
import { stores } from '../credential/exec-entry.ts';
import type { LoginFlags } from '../credential/login.ts';
import { addTokenFlags, environmentHelp } from './token-flags.ts';

export function registerLogin(program: Command, context: CliContext): void {
  const command = program
    .command('login [pair]')
    .summary('add a user to the kubeconfig that signs in with a key pair')
    .description(
      'Add a user to the kubeconfig for whom kubectl, Helm and other clients run `kubectl accesskey credential`, and a ' +
        'context with this user. The API server must trust the issuer of the tokens (docs/tokens.md#kube-apiserver). ' +
        'The kubeconfig names the place of the secret key, and has the secret key itself only with --store kubeconfig.',
    )
    .addOption(new Option('--store <place>', 'store the secret key for later commands').choices(stores))
    .option('--user <name>', 'name of the user', 'accesskey')
    .option('--cluster <name>', 'cluster of the context (default: that of the current context)')
    .option('--new-context <name>', 'name of the context (default: <user>@<cluster>)')
    .option('--use-context', 'make it the current context')
    .option('--command <program>', 'program that clients run', 'kubectl-accesskey')
    .option('--force', 'replace a user with other credentials, and a context of another user')
    .option('--skip-check', 'do not request a token first')
    .addHelpText('after', help);
  addTokenFlags(command).action(async (pair: string | undefined, _, self: Command) => {
    const { login } = await import('../credential/login.ts');
    await login(context, { ...self.optsWithGlobals<LoginFlags>(), pair });
  });
}

const help = `${environmentHelp}

Examples:
  # With a key pair in files, for example a mounted Secret
  kubectl accesskey login --server https://keys.example.org --pair-directory ~/.config/accesskey

  # Copy the key pair ci of alice from its Secret to the keyring of the system
  kubectl accesskey login alice/ci -n people --server https://keys.example.org --store keyring

  # Then
  kubectl --context accesskey@prod get pods`;
