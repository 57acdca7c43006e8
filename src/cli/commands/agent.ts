import type { Command } from 'commander';
import type { AgentCommandFlags } from '../agent/run.ts';
import type { CliContext } from '../common/context.ts';
import { parseTimeLimit } from '../common/duration.ts';

export function registerAgent(program: Command, context: CliContext): void {
  program
    .command('agent')
    .summary('keep a token in a file')
    .description(
      'Keep a token in a file, for programs that read one. The agent needs no access to Kubernetes: it reads a mounted ' +
        'key pair or a token to exchange, and refreshes the token at half of its lifetime and when the credential ' +
        'changes. If that fails, the file keeps its token. The log is JSON on stderr.',
    )
    .requiredOption('--token-file <file>', 'file to write the token to')
    .option('--pair-directory <directory>', 'directory with the files ak and sk, such as a mounted Secret')
    .option('--subject-token-file <file>', 'token of a ServiceAccount or of a trusted issuer, which is exchanged')
    .option('--server <url>', 'URL of the API of the operator (default: $ACCESSKEY_URL)')
    .option('--allow-plain-http', 'allow http to other addresses than loopback')
    .option('--ca-file <file>', 'certificate authorities of the server (PEM)')
    .option('--audience <audience>', 'audience of the token')
    .option('--mode <mode>', 'permission bits of the token file', '0600')
    .option('--owner <uid[:gid]>', 'owner of the token file; requires root or CAP_CHOWN')
    .option('--ready-file <file>', 'file that exists while the token is valid')
    .option('--exec <command>', 'shell command to run after each new token')
    .option('--exec-timeout <duration>', 'time limit of the command', parseTimeLimit, '30s')
    .option('--signal <name>', 'signal to send after each new token, such as HUP')
    .option('--pid-file <file>', 'file with the pid of the process to signal')
    .option('--process-name <name>', 'name of the process to signal; in a pod, requires shareProcessNamespace')
    .option('--metrics-address <host:port>', 'serve /metrics, /healthz and /readyz there')
    .option('--once', 'write one token and exit, for init containers; the exit code is 1 if --exec or --signal fails')
    .option('--timeout <duration>', 'with --once: fail after this time', parseTimeLimit)
    // The flags of the cluster are not for this command.
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', examples)
    .action(async (_, self: Command) => {
      const { runAgent } = await import('../agent/run.ts');
      await runAgent(context, self.opts<AgentCommandFlags>());
    });
}

const examples = `
Examples:
  # As a sidecar, with a mounted key pair
  kubectl accesskey agent --pair-directory /etc/accesskey --token-file /var/run/token/token

  # With the token of a ServiceAccount, and reload nginx after each new token
  kubectl accesskey agent --subject-token-file /var/run/secrets/accesskey/token \\
    --token-file /run/token/token --mode 0640 --exec 'nginx -s reload'

  # As an init container
  kubectl accesskey agent --pair-directory /etc/accesskey --token-file /var/run/token/token --once --timeout 2m`;
