import { Argument, type Command } from 'commander';
import type { CliContext } from '../common/context.ts';
import { type Shell, scriptFor, shells } from '../completion/scripts.ts';

export function registerCompletion(program: Command, context: CliContext): void {
  program
    .command('completion')
    .summary('print the script for completion in a shell')
    .description(
      'Print the script for completion in bash, zsh or fish, or the one with which kubectl completes the plugin.',
    )
    .addArgument(new Argument('<shell>', 'shell, or kubectl').choices(shells))
    // The flags of the cluster are not for this command.
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', examples)
    .action((shell: Shell) => context.stdout.write(scriptFor(shell)));
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => {
      const { complete } = await import('../completion/candidates.ts');
      context.stdout.write(await complete(context, program, words));
    });
}

const examples = `
Examples:
  # In this bash
  source <(kubectl-accesskey completion bash)

  # In every zsh
  echo 'source <(kubectl-accesskey completion zsh)' >> ~/.zshrc

  # In every fish
  kubectl-accesskey completion fish > ~/.config/fish/completions/kubectl-accesskey.fish

  # For kubectl accesskey, if kubectl itself is completed
  kubectl-accesskey completion kubectl > ~/.local/bin/kubectl_complete-accesskey
  chmod +x ~/.local/bin/kubectl_complete-accesskey`;
