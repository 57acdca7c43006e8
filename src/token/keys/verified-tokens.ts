import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** What a token that verifies says: its claims, as they were signed. */
export interface VerifiedClaims {
  /** Seconds since the epoch. */
  exp?: number | undefined;
  [claim: string]: unknown;
}

/** Remembers tokens whose signature was found good, so that a client that comes again costs no signature. */
export interface VerifiedTokens {
  /**
   * @param about what it was verified for: issuer and audience
   * @param now seconds since the epoch
   * @returns its claims; undefined when it is not known, or has expired
   */
  get(token: string, about: string, now: number): VerifiedClaims | undefined;
  add(token: string, about: string, claims: VerifiedClaims): void;
}

/** Bound of remembered tokens, some 10 MB. */
const maxTokens = 10_000;

/**
 * Belongs to one set of signing keys and goes with it, so a key that is revoked takes what it verified with it. Of a
 * token only the SHA-256 is kept. What can change between two requests, expiry and whether the pair is live, is not
 * remembered.
 */
export function createVerifiedTokens(): VerifiedTokens {
  const known = new LRUCache<string, VerifiedClaims>({ max: maxTokens });
  const keyOf = (token: string, about: string) => `${hash('sha256', token, 'base64url')} ${about}`;
  return {
    get(token, about, now) {
      const claims = known.get(keyOf(token, about));
      return claims?.exp !== undefined && now < claims.exp ? claims : undefined;
    },
    add: (token, about, claims) => void known.set(keyOf(token, about), claims),
  };
}
