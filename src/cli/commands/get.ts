import type { Command } from 'commander';
import type { CliContext } from '../common/context.ts';
import { addOutputFlag } from '../common/output.ts';
import type { GetFlags } from '../keys/get.ts';

export function registerGet(program: Command, context: CliContext): void {
  const command = program
    .command('get [name]')
    .alias('describe')
    .summary('show an AccessKey or a key pair')
    .description(
      'Show the state of an AccessKey (NAME) or of one of its key pairs (NAME/PAIR), with the reasons. Without NAME, list ' +
        'key pairs as `kubectl accesskey list` does.',
    )
    .option('-A, --all-namespaces', 'without NAME: list those of all namespaces')
    .option('--show-secret', 'print ak and sk, which requires permission to get the Secret')
    .addHelpText('after', examples);
  addOutputFlag(command, ['json', 'yaml', 'name']).action(async (reference: string | undefined, _, self: Command) => {
    const { getOrList } = await import('../keys/get.ts');
    await getOrList(context, self.optsWithGlobals<GetFlags>(), reference);
  });
}

const examples = `
Examples:
  # State, expiry and last use of all key pairs of alice
  kubectl accesskey get alice -n people

  # ak and sk of the key pair ci as environment variables of this shell
  eval "$(kubectl accesskey get alice/ci -n people --show-secret | sed 's/^/export /')"`;
