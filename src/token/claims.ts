/** The claims of a token, derived from the subject and the configuration. Pure. */
import { hash } from 'node:crypto';

/** Who a token is issued to. */
export interface Subject {
  /** The ak of the key pair, `system:serviceaccount:<namespace>:<name>`, or `<issuer>#<subject>`. */
  clientId: string;
  /** `id` is the uid of the AccessKey. */
  user: { id: string; name: string; groups: readonly string[] };
  /** When the credential expires, milliseconds since the epoch; Infinity if it does not expire. */
  expiresAt: number;
  /** Name of the key pair; undefined for a ServiceAccount or a subject of a trusted issuer. */
  pairName?: string | undefined;
  /** Validity of its tokens, seconds, unless the request asks for another; undefined: the default of the request. */
  tokenSeconds?: number | undefined;
  /** Tokens that were issued earlier are rejected, milliseconds since the epoch; undefined: no limit. */
  tokensNotBefore?: number | undefined;
  /** Audiences that the token may have instead of the configured one. */
  audiences?: readonly string[] | undefined;
}

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
  /** {@link Subject.clientId} */
  client_id: string;
  /** The requested audience, otherwise the configured one, if any. */
  aud?: string;
  /** Only in the profile of RFC 9068. Derived from the other claims, so identical requests still share one token. */
  jti?: string;
}

/** typ of a token; at+jwt: the profile of RFC 9068. */
export type TokenType = 'JWT' | 'at+jwt';

export interface ClaimsOptions {
  issuer: string;
  audience?: string | undefined;
  /** at+jwt: tokens may have this type, in addition to JWT. */
  type?: TokenType | undefined;
}

export const secondsPerDay = 86_400;

/**
 * Derives the claims of a token. exp is never later than the expiry of the credential. iat is never earlier than
 * tokensNotBefore, so that a key pair gets valid tokens also in the second in which its tokens were revoked.
 *
 * @param options `seconds` of validity; `now` in milliseconds since the epoch
 */
export function claimsFor(
  { clientId, user, expiresAt, tokensNotBefore = 0 }: Subject,
  { issuer, audience, seconds, now }: ClaimsOptions & { seconds: number; now: number },
): TokenClaims {
  const iat = Math.max(Math.floor(now / 1000), Math.ceil(tokensNotBefore / 1000));
  return {
    iss: issuer,
    sub: user.id,
    preferred_username: user.name,
    groups: user.groups,
    iat,
    exp: Math.min(iat + seconds, Math.floor(expiresAt / 1000)),
    client_id: clientId,
    ...(audience !== undefined && { aud: audience }),
  };
}

/** @returns the jti of a token: 128 bits */
export function idOf(claims: TokenClaims): string {
  return hash('sha256', JSON.stringify(claims), 'base64url').slice(0, 22);
}
