import type { Context } from 'hono';
import { type Caller, TokenError, verifyToken } from '../token/verifier.ts';
import type { Dependencies, Environment } from './environment.ts';
import { PlatformError } from './errors.ts';
import { requireKeys } from './token-routes.ts';

/** b64token of RFC 6750 section 2.1. */
const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * Finds out who calls, by the bearer token (RFC 6750) of the Authorization header.
 *
 * @throws PlatformError 401 with the challenge of RFC 6750 section 3; why exactly is in the log only
 */
export async function requireCaller(context: Context<Environment>, dependencies: Dependencies): Promise<Caller> {
  const { token: options, pairs, lastUsed, now } = dependencies;
  const realm = `Bearer realm="${options.issuer}"`;
  const header = context.req.header('Authorization');
  const token = header === undefined ? undefined : bearer.exec(header)?.[1];
  if (token === undefined) {
    throw new PlatformError('unauthenticated', 'Authorization: a bearer token is required', { challenge: realm });
  }
  try {
    const caller = await verifyToken(token, requireKeys(dependencies), options, pairs, now());
    context.get('logFields').user = caller.name;
    lastUsed.touch(caller.id, caller.pairName);
    return caller;
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    context.get('logFields').refused = error.message;
    const challenge = `${realm}, error="invalid_token"`;
    throw new PlatformError('unauthenticated', 'Authorization: the token is not valid', { challenge });
  }
}
