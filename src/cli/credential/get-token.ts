/** Gets a token for the flags of a command. Imports what is needed without a cached token only then. */

import { printable } from '../../kube/printable.ts';
import { unlessAborted } from '../../kube/time.ts';
import type { ClusterFlags } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { readCA } from '../token/ca-file.ts';
import { cacheDirectory, openTokenCache } from '../token/cache-file.ts';
import { obtainToken } from '../token/obtain.ts';
import { openSource, type SourceEffects } from '../token/read-source.ts';
import type { TokenTerms } from '../token/request.ts';
import type { IssuedToken } from '../token/response.ts';
import { parseServer, serverVariable } from '../token/server.ts';
import { chooseSource, type SourceOptions } from '../token/source.ts';
import { TokenError } from '../token/token-error.ts';
import { parseLifetime } from './lifetime.ts';

/** Flags with which commands reach the token server. */
export interface ServerFlags extends ClusterFlags {
  server?: string;
  caFile?: string;
  allowPlainHttp?: boolean;
}

/** Flags that select a credential and a token. */
export interface TokenFlags extends ServerFlags, SourceOptions {
  audience?: string;
  lifetime?: string;
  refresh?: boolean;
}

/**
 * @param hint what to do without a credential, for a command without the argument PAIR
 * @throws TokenError
 */
export async function getToken(context: CliContext, flags: TokenFlags, hint?: string): Promise<IssuedToken> {
  const terms = await termsOf(context, flags);
  const opened = openSource(chooseSource(flags, context.env, hint), sourceEffects(context, flags));
  const source = await unlessAborted(opened, context.signal);
  const { env, home, uid, now } = context;
  const cache = openTokenCache(cacheDirectory(env, home), uid, now);
  const warn = (message: string) => context.stderr.write(`warning: ${printable(message)}\n`);
  const obtained = obtainToken(
    { terms, source, refresh: flags.refresh },
    { cache, now, warn, request: requestWith(context, flags) },
  );
  // Also while another process has the lock.
  return unlessAborted(obtained, context.signal);
}

/** @throws TokenError if the server or the lifetime is invalid */
export async function termsOf(context: CliContext, flags: TokenFlags): Promise<TokenTerms> {
  const { audience, lifetime } = flags;
  const days = lifetime === undefined ? undefined : parseLifetime(lifetime);
  const server = await findServer(context, flags);
  if (server !== undefined) return { server, audience, days };
  throw new TokenError('usage', `no token server: set --server or ${serverVariable}`, {
    hint: 'It is the URL of the API of accesskey-operator, for example https://keys.example.org.',
  });
}

/**
 * Finds the token server: that of the flag, of the environment, or of the login in the current context.
 *
 * @returns undefined if there is none
 */
export async function findServer(context: CliContext, flags: ServerFlags): Promise<string | undefined> {
  const { server, allowPlainHttp = false } = flags;
  if (server !== undefined) return parseServer(server, allowPlainHttp);
  const ofEnvironment = context.env[serverVariable];
  if (ofEnvironment) return parseServer(ofEnvironment, allowPlainHttp, serverVariable);
  const { serverOfLogin } = await import('./login-server.ts');
  const found = await serverOfLogin(context, flags);
  return found && parseServer(found.server, allowPlainHttp || found.allowPlainHTTP, 'server in the kubeconfig');
}

/** The parts of a source that are not in files or variables. */
export function sourceEffects(context: CliContext, flags: ClusterFlags): SourceEffects {
  return {
    env: context.env,
    readStdin: () => readStdin(context),
    readKeyring: async (ak) => (await import('./keyring.ts')).readKeyring(ak),
    readSecret: async (pair) => (await import('./read-allowed-pair.ts')).readAllowedPair(context, flags, pair),
  };
}

/** @returns everything on standard input */
export async function readStdin({ stdin }: CliContext): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function requestWith({ env, now, signal }: CliContext, { caFile }: ServerFlags) {
  return async (...[credential, terms]: Parameters<Parameters<typeof obtainToken>[1]['request']>) => {
    const { requestToken } = await import('../token/request-token.ts');
    return requestToken(credential, terms, { env, now, signal, ca: await readCA(caFile) });
  };
}
