import type { CliContext } from '../common/context.ts';
import { hintWithoutPair } from '../token/source.ts';
import { checkExecInfo, execInfoVariable, formatExecCredential } from './exec-credential.ts';
import { getToken, type TokenFlags } from './get-token.ts';

/** Prints the credential for the client that runs this program as exec plugin. */
export async function printCredential(context: CliContext, flags: TokenFlags): Promise<void> {
  checkExecInfo(context.env[execInfoVariable]);
  context.stdout.write(formatExecCredential(await getToken(context, flags, hintWithoutPair)));
}
