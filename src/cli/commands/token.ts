import type { Command } from 'commander';
import type { CliContext } from '../common/context.ts';
import { addOutputFlag } from '../common/output.ts';
import type { InspectFlags } from '../credential/inspect.ts';
import type { PrintFlags } from '../credential/print-token.ts';
import { addServerFlags, addTokenFlags, environmentHelp } from './token-flags.ts';

export function registerToken(program: Command, context: CliContext): void {
  const command = program
    .command('token [pair]')
    .summary('print a token')
    .description(
      'Print a token for a key pair or for a ServiceAccount or CI token. Tokens are cached for up to one hour. ' +
        'PAIR is NAME/PAIR, or NAME if the AccessKey has one key pair; its Secret is read with your permissions.',
    )
    .addHelpText('after', tokenHelp);
  addTokenFlags(command);
  addOutputFlag(command, ['token', 'json']).action(async (pair: string | undefined, _, self: Command) => {
    requireFlagsOf(self);
    const { printToken } = await import('../credential/print-token.ts');
    await printToken(context, { ...self.optsWithGlobals<PrintFlags>(), pair });
  });
  // Checked by requireFlagsOf, because inspect has other formats.
  command.options.find(({ long }) => long === '--output')?.argParser(String);
  registerInspect(command, program, context);
}

/**
 * commander reads the flags of `token` also behind `inspect`: checks that they are flags and values of the command that
 * runs. Otherwise the command fails as with any wrong flag.
 */
function requireFlagsOf(command: Command): void {
  const parsed = command.name() === 'inspect' && command.parent ? command.parent : command;
  for (const option of parsed.options) {
    const { long, flags } = option;
    const name = option.attributeName();
    if (parsed.getOptionValueSource(name) !== 'cli') continue;
    const own = command.options.find((one) => one.long === long);
    if (!own) command.error(`error: unknown option '${long}'`, { code: 'commander.unknownOption' });
    const { argChoices } = own;
    const value = parsed.getOptionValue(name);
    if (argChoices && !argChoices.includes(value)) {
      const problem = `option '${flags}' argument '${value}' is invalid. Allowed choices are ${argChoices.join(', ')}.`;
      command.error(`error: ${problem}`, { code: 'commander.invalidArgument' });
    }
  }
}

function registerInspect(token: Command, program: Command, context: CliContext): void {
  const command = token
    .command('inspect [token]')
    .summary('decode and verify a token')
    .description(
      'Decode and verify a token, and explain why it is invalid. Without TOKEN or with -, it is read from standard input. ' +
        'The exit code is 0 only for a valid token.',
    )
    .option('--token-file <file>', 'file with the token')
    .option('--jwks <url-or-file>', 'public keys (default: found with the issuer or the server)')
    .option('--issuer <issuer>', 'issuer that the token must have')
    .option('--audience <audience>', 'audience that the token must have')
    // Without the flags of `token`, which are not for this command.
    .configureHelp({ showGlobalOptions: true, visibleGlobalOptions: () => [...program.options] })
    .addHelpText('after', inspectExamples);
  addServerFlags(command);
  addOutputFlag(command, ['text', 'json']).action(async (text: string | undefined, _, self: Command) => {
    requireFlagsOf(self);
    const { inspect } = await import('../credential/inspect.ts');
    // The flags of `token` have the same names, so those of this command come last.
    await inspect(context, { ...self.optsWithGlobals<InspectFlags>(), ...self.opts<InspectFlags>(), token: text });
  });
}

const tokenHelp = `${environmentHelp}

Examples:
  # Token for the key pair ci of the AccessKey alice
  kubectl accesskey token alice/ci -n people --server https://keys.example.org

  # Call the API with the key pair in ACCESS_KEY and SECRET_KEY
  export ACCESSKEY_URL=https://keys.example.org
  curl -H "Authorization: Bearer $(kubectl accesskey token)" "$ACCESSKEY_URL/apis/ghippo.io/v1alpha1/current-user"

  # Exchange the token of the pod's ServiceAccount
  kubectl accesskey token --subject-token-file /var/run/secrets/accesskey/token

  # The same outside of a pod; the audience is by default the issuer of the operator
  kubectl create token shop-bot -n shop --audience ghippo.io | kubectl accesskey token --subject-token-file -`;

const inspectExamples = `
Examples:
  # Why is this token rejected?
  kubectl accesskey token | kubectl accesskey token inspect --server https://keys.example.org

  # Verify a token in a file with keys in a file
  kubectl accesskey token inspect --token-file token.txt --jwks keys.json -o json`;
