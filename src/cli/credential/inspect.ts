import { readFile } from 'node:fs/promises';
import { printableJSON } from '../../kube/printable.ts';
import { unlessAborted } from '../../kube/time.ts';
import type { CliContext } from '../common/context.ts';
import { CliError } from '../common/failure.ts';
import { readCA } from '../token/ca-file.ts';
import { inspectToken } from '../token/inspect.ts';
import { inspectionText } from '../token/inspection-text.ts';
import { findKeys, type KeyEffects } from '../token/issuer-keys.ts';
import { unverifiedClaims } from '../token/response.ts';
import { send } from '../token/send.ts';
import { TokenError } from '../token/token-error.ts';
import { findServer, readStdin, type ServerFlags } from './get-token.ts';

export interface InspectFlags extends ServerFlags {
  /** The token, or `-` for standard input. */
  token?: string | undefined;
  tokenFile?: string;
  jwks?: string;
  issuer?: string;
  audience?: string;
  output?: 'text' | 'json';
}

/**
 * Prints what a token contains and whether it is valid.
 *
 * @throws CliError without a message if the token is invalid; TokenError if it cannot be verified
 */
export async function inspect(context: CliContext, flags: InspectFlags): Promise<void> {
  const { jwks, issuer, audience, allowPlainHttp: allowPlainHTTP = false, output = 'text' } = flags;
  const token = (await unlessAborted(readToken(context, flags), context.signal)).trim();
  const server = jwks === undefined && issuer === undefined ? await findServer(context, flags) : undefined;
  const tokenIssuer = issuerOf(token);
  const options = { jwks, issuer, server, tokenIssuer, allowPlainHTTP };
  const found = await findKeys(options, await keyEffects(context, flags));
  const now = context.now();
  const inspection = await inspectToken(token, { keys: found.keys, issuer: found.issuer, audience, now });
  const text = inspectionText(inspection, {
    from: found.from,
    hasIssuer: issuer !== undefined || server !== undefined,
    now,
  });
  context.stdout.write(output === 'json' ? `${printableJSON(JSON.stringify(inspection, null, 4))}\n` : text);
  if (!inspection.valid) throw new CliError('');
}

async function readToken(context: CliContext, { token = '-', tokenFile }: InspectFlags): Promise<string> {
  if (tokenFile !== undefined && token !== '-') {
    throw new TokenError('usage', 'TOKEN and --token-file cannot be combined');
  }
  if (tokenFile !== undefined) return readText(tokenFile);
  return token === '-' ? readStdin(context) : token;
}

function issuerOf(token: string): string | undefined {
  const iss = unverifiedClaims(token)?.iss;
  return typeof iss === 'string' ? iss : undefined;
}

async function keyEffects({ env, signal }: CliContext, { caFile }: ServerFlags): Promise<KeyEffects> {
  const ca = await readCA(caFile);
  const headers = { accept: 'application/json' };
  return { get: (url) => send({ method: 'GET', url, headers }, { env, ca, signal }), readFile: readText };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new TokenError('usage', `cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
