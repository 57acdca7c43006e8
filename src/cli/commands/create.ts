import type { Command } from 'commander';
import { appendTo } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { addChangeFlags, addForceFlag, addWaitFlags } from '../keys/change-flags.ts';
import type { CreateFlags } from '../keys/create.ts';
import { parseDuration, parseExpiry } from '../keys/pair-flags.ts';

export function registerCreate(program: Command, context: CliContext): void {
  const command = program
    .command('create <new-name>')
    .summary('create an AccessKey, or add a key pair to one')
    .description(
      'Create an AccessKey with a key pair (NAME, or NAME/PAIR; the default pair is main), or add a key pair to an ' +
        'AccessKey that exists (NAME/PAIR). A user can have one AccessKey, with at most two key pairs. The operator ' +
        'writes ak and sk to a Secret.',
    )
    .option('--user <name>', 'user of the AccessKey (default: your own user name)')
    .option('--group <name>', 'group of the user; may be repeated', appendTo)
    .option(
      '--service-account <name>',
      'ServiceAccount of the namespace that may get tokens without a key pair; may be repeated',
      appendTo,
    )
    .option('--expires <time>', 'when the key pair expires: 90d, 2030-12-31 or a time (default: never)', (text) =>
      parseExpiry(text, context.now()),
    )
    .option('--rotate-every <duration>', 'time between two rotations, such as 30d', parseDuration)
    .option('--overlap <duration>', 'how long the previous ak and sk stay valid after a rotation', parseDuration)
    .option('--token-lifetime <duration>', 'validity of tokens unless a request asks for another', parseDuration)
    .option('--allow-from <cidr>', 'network that may use the key pair; may be repeated (default: all)', appendTo)
    .option('--description <text>', 'purpose of the key pair')
    .option('--secret-name <name>', 'name of the Secret (default: NAME-PAIR)')
    .option('--show-secret', 'wait until the key pair exists, and print its ak and sk')
    .addHelpText('after', examples);
  addWaitFlags(addForceFlag(addChangeFlags(command)), 'the key pair exists').action(
    async (reference: string, _, self: Command) => {
      const { create } = await import('../keys/create.ts');
      await create(context, self.optsWithGlobals<CreateFlags>(), reference);
    },
  );
}

const examples = `
Examples:
  # A key pair for yourself that expires in 90 days; print ak and sk
  kubectl accesskey create laptop --expires 90d --show-secret

  # A key pair for a service, rotated every 30 days with a day of overlap
  kubectl accesskey create shop -n shop --user shop-bot --group shop-developers --rotate-every 30d --overlap 24h

  # The ServiceAccount shop gets tokens of the same user
  kubectl accesskey create shop -n shop --user shop-bot --service-account shop

  # The manifest of it, for Git
  kubectl accesskey create shop -n shop --user shop-bot --dry-run=client -o yaml

  # A second key pair of alice
  kubectl accesskey create alice/new -n people`;
