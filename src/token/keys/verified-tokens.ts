import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** The claims of a verified token. */
export interface VerifiedClaims {
  /** Seconds since the epoch. */
  exp?: number | undefined;
  [claim: string]: unknown;
}

/** Caches tokens whose signature was verified. */
export interface VerifiedTokens {
  /**
   * @param verifiedFor issuer and audience that the token was verified for
   * @param now seconds since the epoch
   * @returns the claims; undefined if the token is not cached or has expired
   */
  get(token: string, verifiedFor: string, now: number): VerifiedClaims | undefined;
  add(token: string, verifiedFor: string, claims: VerifiedClaims): void;
}

/** Characters of the cached tokens and their keys: about 10 MB, and 10,000 tokens or more of the usual length. */
const maxLength = 10_000_000;

/**
 * The cache belongs to one set of signing keys and is dropped with it, so a revoked key also invalidates the tokens it
 * verified. It contains only the SHA-256 of a token. Expiry and whether the key pair is live are checked for each request.
 */
export function createVerifiedTokens(): VerifiedTokens {
  const cache = new LRUCache<string, VerifiedClaims>({ maxSize: maxLength });
  const keyOf = (token: string, verifiedFor: string) => `${hash('sha256', token, 'base64url')} ${verifiedFor}`;
  return {
    get(token, verifiedFor, now) {
      const claims = cache.get(keyOf(token, verifiedFor));
      return claims?.exp !== undefined && now < claims.exp ? claims : undefined;
    },
    add(token, verifiedFor, claims) {
      const key = keyOf(token, verifiedFor);
      // The claims need about as much memory as the token, which contains them.
      cache.set(key, claims, { size: token.length + key.length });
    },
  };
}
