import type { Context } from 'hono';
import type { SigningKeys } from '../../token/keys/signing-keys.ts';
import { type Caller, TokenError, verifyToken } from '../../token/verify.ts';
import { authorizationOf, bearerOf } from './authorization.ts';
import type { Dependencies, Environment } from './environment.ts';
import { PlatformError, unauthenticated } from './errors.ts';

/**
 * Finds out who calls, by the bearer token (RFC 6750) of the Authorization header.
 *
 * @throws PlatformError 401 with the challenge of RFC 6750 section 3; why exactly is in the log only
 */
export async function requireCaller(context: Context<Environment>, dependencies: Dependencies): Promise<Caller> {
  const realm = `Bearer realm="${dependencies.token.issuer}"`;
  const token = bearerOf(authorizationOf(context));
  if (token === undefined) throw unauthenticated('Authorization: a bearer token is required', realm);
  const checked = await checkToken(token, dependencies);
  if ('refused' in checked) {
    context.get('logFields').refused = checked.refused;
    throw unauthenticated('Authorization: the token is not valid', `${realm}, error="invalid_token"`);
  }
  context.get('logFields').user = checked.name;
  noteUse(checked, dependencies);
  return checked;
}

/** Notes that the pair of a token was used. */
export function noteUse({ id, pairName }: Caller, { lastUsed }: Dependencies): void {
  if (pairName !== undefined) lastUsed.touch(id, pairName);
}

/**
 * Verifies a token of ours.
 *
 * @returns whose it is, or for the log why it is not accepted
 * @throws PlatformError 503 while there are no keys
 */
export async function checkToken(token: string, dependencies: Dependencies): Promise<Caller | { refused: string }> {
  const { token: expected, pairs, serviceAccounts, now } = dependencies;
  const keys = requireKeys(dependencies);
  try {
    return await verifyToken(token, { keys, expected, pairs, serviceAccounts, now: now() });
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return { refused: error.message };
  }
}

/** @throws PlatformError 503 while there are none */
export function requireKeys({ signingKeys }: Pick<Dependencies, 'signingKeys'>): SigningKeys {
  const keys = signingKeys();
  if (!keys) throw new PlatformError('unavailable', 'the signing keys are not loaded yet');
  return keys;
}
