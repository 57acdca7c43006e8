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
  /** What the token was given for: the ak of the pair, or `system:serviceaccount:<namespace>:<name>`. */
  client_id: string;
  /** Only when an audience is configured. */
  aud?: string;
}

export interface ClaimsOptions {
  issuer: string;
  audience?: string | undefined;
}

/** Who gets a token, and by what. */
export interface Grantee {
  clientId: string;
  user: { id: string; name: string; groups: readonly string[] };
  /** Milliseconds since the epoch; Infinity when what the token is given for does not expire. */
  expiresAt: number;
}

/**
 * Makes the claims of a token. exp never passes the expiry of what it is given for.
 *
 * @param days validity, whole days
 * @param now milliseconds since the epoch
 */
export function claimsFor(
  { clientId, user, expiresAt }: Grantee,
  days: number,
  { issuer, audience }: ClaimsOptions,
  now: number,
): TokenClaims {
  const iat = Math.floor(now / 1000);
  return {
    iss: issuer,
    sub: user.id,
    preferred_username: user.name,
    groups: user.groups,
    iat,
    exp: Math.min(iat + days * secondsPerDay, Math.floor(expiresAt / 1000)),
    client_id: clientId,
    ...(audience !== undefined && { aud: audience }),
  };
}
