import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import type { TokenEndpointResponse } from 'openid-client';
import { issuerToleranceSeconds } from '../../outbound/issuer-tolerance.ts';
import type { DiscoveredProvider } from './provider.ts';
import { ProviderError } from './provider-error.ts';

/** Asymmetric algorithms only: a client secret never signs a token here. */
export const signatureAlgorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** The tokens of a user. */
export interface ProviderTokens {
  idToken: string;
  claims: JWTPayload & { sub: string };
  refreshToken: string | undefined;
}

/**
 * Verifies the signature of the ID token in a token response. openid-client has checked its claims.
 *
 * @throws ProviderError `invalid`; `unavailable` if the key set cannot be fetched
 */
export async function verifiedTokens(
  { keys, client }: DiscoveredProvider,
  { id_token: idToken, refresh_token: refreshToken }: TokenEndpointResponse,
): Promise<ProviderTokens> {
  if (idToken === undefined) throw new ProviderError('invalid', 'token response without an ID token');
  const { issuer } = client.serverMetadata();
  const options = {
    issuer,
    audience: client.clientMetadata().client_id,
    algorithms: signatureAlgorithms,
    clockTolerance: issuerToleranceSeconds,
    requiredClaims: ['sub', 'exp'],
  };
  const verify = () => jwtVerify<{ sub: string }>(idToken, keys, options);
  try {
    const { payload } = await verify().catch(async (error) => {
      // The provider has just begun to sign with a new key. The response came from the provider itself, so a
      // client cannot cause this request.
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await keys.reload();
      return verify();
    });
    return { idToken, claims: payload as ProviderTokens['claims'], refreshToken };
  } catch (error) {
    throw toVerificationError(error, idToken);
  }
}

/** @returns the error for a token that fails verification */
export function toVerificationError(error: unknown, token: string): unknown {
  if (error instanceof errors.JWKSTimeout)
    return new ProviderError('unavailable', 'no response of the key set in time');
  if (!(error instanceof errors.JOSEError)) return error;
  return new ProviderError('invalid', `token is not valid: ${error.message} (${algorithmOf(token)})`);
}

function algorithmOf(token: string): string {
  try {
    return `alg ${String(decodeProtectedHeader(token).alg).slice(0, 16)}`;
  } catch {
    return 'no header';
  }
}
