import type { PairCandidate } from '../accesskey/live-pairs.ts';

const secondsPerDay = 86_400;

/** The claims of a token (RFC 7519 section 4.1, OpenID Connect Core section 5.1, RFC 9068 section 2.2). */
export interface TokenClaims {
  iss: string;
  /** uid of the AccessKey. */
  sub: string;
  preferred_username: string;
  groups: readonly string[];
  /** Seconds since the epoch. */
  iat: number;
  /** Seconds since the epoch. */
  exp: number;
  /** The ak of the pair that the token was given for. */
  client_id: string;
  /** Only when an audience is configured. */
  aud?: string;
}

export interface ClaimsOptions {
  issuer: string;
  audience?: string | undefined;
}

/**
 * Makes the claims for a live pair. exp never passes the pair's own expiry.
 *
 * @param days validity, whole days
 * @param now milliseconds since the epoch
 */
export function claimsOf(
  pair: PairCandidate,
  days: number,
  { issuer, audience }: ClaimsOptions,
  now: number,
): TokenClaims {
  const iat = Math.floor(now / 1000);
  return {
    iss: issuer,
    sub: pair.user.id,
    preferred_username: pair.user.name,
    groups: pair.user.groups,
    iat,
    exp: Math.min(iat + days * secondsPerDay, Math.floor(pair.expiresAt / 1000)),
    client_id: pair.ak,
    ...(audience !== undefined && { aud: audience }),
  };
}
