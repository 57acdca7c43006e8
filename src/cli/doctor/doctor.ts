/** The command `doctor`. */

import { printableJSON } from '../../kube/printable.ts';
import { unlessAborted } from '../../kube/time.ts';
import { type ClusterFlags, withCluster } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { CliError } from '../common/failure.ts';
import { styleFor } from '../common/style.ts';
import { readCA } from '../token/ca-file.ts';
import { parseServer, serverVariable } from '../token/server.ts';
import { examine } from './examine.ts';
import type { Finding } from './finding.ts';
import { reportLines } from './report.ts';

export interface DoctorFlags extends ClusterFlags {
  operatorNamespace: string;
  server?: string;
  caFile?: string;
  tokenFile?: string;
  probeAs?: string;
  output: 'table' | 'json';
}

/**
 * Examines an installation and prints the findings.
 *
 * @throws TokenError or CliError for invalid flags; CliError without a message if a check has failed
 */
export async function runDoctor(context: CliContext, flags: DoctorFlags): Promise<void> {
  // A request can impersonate one user only, and that of --as would be tried in place of the other.
  if (flags.as && flags.probeAs !== undefined) throw new CliError('--probe-as cannot be used with --as');
  const { env, now, signal } = context;
  const findings = await withCluster(context, flags, async (cluster) => {
    const examination = examine(cluster, {
      place: { namespace: flags.operatorNamespace, name: 'accesskey-operator' },
      server: serverOf(flags, context),
      tokenFile: flags.tokenFile,
      probeAs: flags.probeAs,
      version: context.version,
      sendOptions: { ca: await readCA(flags.caFile), env, signal },
      now,
    });
    // A finding can be that a request failed, also one that was interrupted.
    return unlessAborted(examination, signal);
  });
  print(findings, context, flags.output);
  if (findings.some(({ status }) => status === 'failed')) throw new CliError('');
}

/** Plain http is allowed: no credential is sent. An empty variable counts as unset. */
function serverOf({ server }: DoctorFlags, { env }: CliContext): string | undefined {
  if (server !== undefined) return parseServer(server, true);
  const ofEnvironment = env[serverVariable];
  return ofEnvironment ? parseServer(ofEnvironment, true, serverVariable) : undefined;
}

function print(findings: readonly Finding[], context: CliContext, output: DoctorFlags['output']): void {
  const lines =
    output === 'json'
      ? [printableJSON(JSON.stringify({ findings }, null, 4))]
      : reportLines(findings, styleFor(context.stdout, context));
  for (const line of lines) context.stdout.write(`${line}\n`);
}
