import { SignJWT } from 'jose';
import type { TokenClaims } from './claims.ts';
import type { SigningKeys } from './signing-keys.ts';

/**
 * Signs claims as a JWT (RFC 7519) in JWS compact form, header exactly alg, kid and typ. The signature is made on a
 * thread of libuv's pool, not on the event loop.
 */
export async function signToken(claims: TokenClaims, { active }: SigningKeys): Promise<string> {
  const header = { alg: active.algorithm, kid: active.kid, typ: 'JWT' };
  return new SignJWT({ ...claims }).setProtectedHeader(header).sign(active.key);
}
