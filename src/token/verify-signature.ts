import {
  type CryptoKey,
  decodeProtectedHeader,
  errors,
  type JWTHeaderParameters,
  type JWTPayload,
  jwtVerify,
} from 'jose';
import type { ClaimsOptions, TokenType } from './claims.ts';
import { algorithms } from './keys/facts.ts';
import type { SigningKeys } from './keys/signing-keys.ts';
import type { VerifiedClaims } from './keys/verified-tokens.ts';

/** An invalid token. The message is for the log. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

export interface SignatureOptions {
  keys: SigningKeys;
  /** Required issuer and audience. */
  expected: ClaimsOptions;
  /** Also accept the audiences that the AccessKey lists; default: only the required one, or none if none is required. */
  acceptListed?: boolean | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

/** The operator never issues a longer token. */
const maxLength = 32_768;

/**
 * Verifies signature, algorithm, typ, issuer, audience and times of a token, each token once: the claims are cached.
 *
 * @throws TokenError
 */
export async function verifySignature(token: string, options: SignatureOptions): Promise<VerifiedClaims> {
  const { keys, expected, acceptListed, now } = options;
  const verifiedFor = JSON.stringify([expected.issuer, acceptListed ? undefined : expected.audience, expected.type]);
  const cached = keys.verified.get(token, verifiedFor, now / 1000);
  if (cached) return cached;
  const payload = await verifyUncached(token, options);
  keys.verified.add(token, verifiedFor, payload);
  return payload;
}

async function verifyUncached(
  token: string,
  { keys, expected, acceptListed, now }: SignatureOptions,
): Promise<JWTPayload> {
  const { issuer, audience } = expected;
  if (token.length > maxLength) throw new TokenError('the token is too long');
  // The first four parts are enough to see that there are too many.
  const parts = token.split('.', 4);
  if (parts.length !== 3 || !parts.every(isCanonical)) throw new TokenError('the token is not a JWT in base64url');
  try {
    const { payload } = await jwtVerify(token, (header) => keyOf(header, keys), {
      algorithms: [...algorithms],
      typ: typeOf(token, expected),
      issuer,
      ...(audience !== undefined && !acceptListed && { audience }),
      requiredClaims: ['exp', 'iat', 'sub'],
      currentDate: new Date(now),
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new TokenError(error.code);
    throw error;
  }
}

/** @returns the required typ: that of the token if it is RFC 9068 and this profile is configured */
function typeOf(token: string, { type }: ClaimsOptions): TokenType {
  if (type !== 'at+jwt') return 'JWT';
  try {
    return decodeProtectedHeader(token).typ === type ? type : 'JWT';
  } catch {
    return 'JWT';
  }
}

/** Whether a part has no padding and no stray bits (RFC 7515 section 2, RFC 4648 section 3.5); jose ignores both. */
function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}

/** @returns the key named in the header, only if its algorithm is that of the header (RFC 8725 section 3.1) */
function keyOf({ kid, alg }: JWTHeaderParameters, { published }: SigningKeys): CryptoKey {
  const found = published.get(kid ?? '');
  if (found?.algorithm !== alg) throw new errors.JWKSNoMatchingKey();
  return found.key;
}
