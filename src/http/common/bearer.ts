import type { Context } from 'hono';
import type { Use } from '../../accesskey/live/use.ts';
import type { SigningKeys } from '../../token/keys/signing-keys.ts';
import { AddressError, type Caller, verifyToken } from '../../token/verify.ts';
import { TokenError } from '../../token/verify-signature.ts';
import { authorizationOf, bearerChallenge, bearerOf } from './authorization.ts';
import { knownAddress } from './client-address.ts';
import type { Dependencies } from './dependencies.ts';
import type { Environment, RequestVariables } from './environment.ts';
import { addressDenied, PlatformError, unauthenticated } from './errors.ts';

/**
 * Authenticates the caller with the bearer token in the Authorization header (RFC 6750).
 *
 * @throws PlatformError 401 with the challenge of RFC 6750 section 3, or 403 for an address that the key pair of the
 * token does not allow; only the log contains the reason
 */
export async function requireCaller(context: Context<Environment>, dependencies: Dependencies): Promise<Caller> {
  const token = bearerOf(authorizationOf(context));
  if (token === undefined) {
    throw unauthenticated('Authorization: a bearer token is required', bearerChallenge(dependencies.token));
  }
  const checked = await checkToken(token, { address: context.get('clientAddress'), dependencies });
  if ('refused' in checked) {
    context.get('logFields').refused = checked.refused;
    if (checked.denied === 'address') throw addressDenied('token');
    const challenge = bearerChallenge(dependencies.token, 'invalid_token');
    throw unauthenticated('Authorization: the token is not valid', challenge);
  }
  context.get('logFields').user = checked.name;
  recordUse(context, checked, dependencies);
  return checked;
}

/** Records the use of the key pair, ServiceAccount or subject of a trusted issuer that a token was issued for. */
export function recordUse(
  context: RequestVariables,
  { id, clientId, pairName }: Omit<Use, 'address'>,
  { lastUsed }: Pick<Dependencies, 'lastUsed'>,
): void {
  lastUsed.touch({ id, clientId, pairName, address: knownAddress(context.get('clientAddress')) });
}

/** An invalid token. */
export interface RefusedToken {
  /** The reason, for the log. */
  refused: string;
  /** The token is valid, but not from the address of the client. */
  denied?: 'address';
}

/**
 * Verifies a token of the operator.
 *
 * @param options `address` of the client that uses the token; undefined: not checked. `acceptListed`: also accept
 * audiences that the AccessKey lists, because the token is not used at this API
 * @returns the caller, or the reason for the log
 * @throws PlatformError 503 until the signing keys are loaded
 */
export async function checkToken(
  token: string,
  options: { address: string | undefined; acceptListed?: boolean; dependencies: Dependencies },
): Promise<Caller | RefusedToken> {
  const { address, acceptListed, dependencies } = options;
  const { token: expected, pairs, serviceAccounts, federation, now } = dependencies;
  const keys = requireKeys(dependencies);
  try {
    return await verifyToken(token, {
      ...{ keys, expected, acceptListed, pairs, serviceAccounts, federated: federation?.users, address },
      now: now(),
    });
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return { refused: error.message, ...(error instanceof AddressError && { denied: 'address' }) };
  }
}

/** @throws PlatformError 503 until the signing keys are loaded */
export function requireKeys({ signingKeys }: Pick<Dependencies, 'signingKeys'>): SigningKeys {
  const keys = signingKeys();
  if (!keys) throw new PlatformError('unavailable', 'the signing keys are not loaded yet');
  return keys;
}
