import type { Command } from 'commander';
import { parseNamespace } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { addOutputFlag } from '../common/output.ts';
import type { DoctorFlags } from '../doctor/doctor.ts';

export function registerDoctor(program: Command, context: CliContext): void {
  const command = program
    .command('doctor')
    .summary('check an installation')
    .description(
      'Check an installation of the operator with your permissions: CRD, admission policies, operator, signing keys, ' +
        'issuer, certificates, clocks and permissions. Each finding says what to do. Nothing is changed. ' +
        'The exit code is 1 if a check has failed.',
    )
    .option('--operator-namespace <name>', 'namespace of the operator', parseNamespace, 'accesskey-system')
    .option('--server <url>', "URL of the operator's API (default: $ACCESSKEY_URL, or through the API server)")
    .option('--ca-file <file>', 'certificate authorities of the server and the issuer (PEM)')
    .option('--token-file <file>', 'token of the operator to verify')
    .option('--probe-as <user>', 'user whose AccessKeys the admission policies are tried with (dry run)')
    .addHelpText('after', examples);
  addOutputFlag(command, ['table', 'json'], 'table').action(async (_, self: Command) => {
    const { runDoctor } = await import('../doctor/doctor.ts');
    await runDoctor(context, self.optsWithGlobals<DoctorFlags>());
  });
}

const examples = `
Examples:
  # Check the installation in accesskey-system
  kubectl accesskey doctor

  # As an administrator, try the admission policies as alice, who may create AccessKeys in the namespace people
  kubectl accesskey doctor --probe-as alice -n people

  # Also check what verifiers see at the URL of the API
  kubectl accesskey doctor --server https://keys.example.org -o json`;
