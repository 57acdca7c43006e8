import { Command } from 'commander';
import { registerAgent } from './commands/agent.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerCreate } from './commands/create.ts';
import { registerCredential } from './commands/credential.ts';
import { registerDelete } from './commands/delete.ts';
import { registerDisable } from './commands/disable.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerEnable } from './commands/enable.ts';
import { registerGet } from './commands/get.ts';
import { registerHelp } from './commands/help.ts';
import { registerList } from './commands/list.ts';
import { registerLogin } from './commands/login.ts';
import { registerRevokeTokens } from './commands/revoke-tokens.ts';
import { registerRotate } from './commands/rotate.ts';
import { registerToken } from './commands/token.ts';
import { registerVersion } from './commands/version.ts';
import { addClusterFlags } from './common/cluster.ts';
import type { CliContext } from './common/context.ts';
import { describeFailure } from './common/failure.ts';
import { interruptedExitCode } from './common/interruption.ts';

/** Each function adds one command. They import what the command needs only when it runs. */
const commands = [
  registerList,
  registerGet,
  registerCreate,
  registerRotate,
  registerEnable,
  registerDisable,
  registerRevokeTokens,
  registerDelete,
  registerToken,
  registerLogin,
  registerCredential,
  registerAgent,
  registerDoctor,
  registerCompletion,
  registerVersion,
  registerHelp,
];

/** As kubectl: without a command, its help is the result and not an error. */
class Program extends Command {
  override help(): never {
    return super.help();
  }
}

/** The program with all its commands. It writes to the context, and throws CommanderError instead of exiting. */
export function createProgram(context: CliContext): Command {
  const program = new Program('kubectl accesskey')
    .description('Manage access keys of accesskey-operator, and get tokens with them.')
    .version(context.version, '--version', 'print the version')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', examples)
    .exitOverride();
  addClusterFlags(program);
  for (const register of commands) register(program, context);
  addHelpHints(program);
  return program;
}

const examples = `
Examples:
  # Key pairs of all namespaces
  kubectl accesskey list -A

  # A key pair for yourself; print ak and sk
  kubectl accesskey create laptop --expires 90d --show-secret

  # A token for it
  kubectl accesskey token laptop --server https://keys.example.org`;

/** After a wrong argument or flag, names the help of the command. */
function addHelpHints(command: Command, path = command.name()): void {
  command.showHelpAfterError(`hint: see ${path} --help`);
  for (const child of command.commands) addHelpHints(child, `${path} ${child.name()}`);
}

/**
 * Runs a command line.
 *
 * @param args without the program
 * @returns the exit code
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    await createProgram(context).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (context.signal.aborted) return interruptedExitCode(context.signal);
    const { lines, exitCode } = describeFailure(error);
    for (const line of lines) context.stderr.write(`${line}\n`);
    return exitCode;
  }
}
