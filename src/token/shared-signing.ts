import { LRUCache } from 'lru-cache';
import type { TokenClaims } from './claims.ts';
import { signToken } from './issuer.ts';
import type { SigningKeys } from './signing-keys.ts';

/** Signs claims with the active key. */
export type Sign = (claims: TokenClaims, keys: SigningKeys) => Promise<string>;

/** Bound of remembered tokens: those of one second. */
const maxTokens = 4096;

/**
 * Shares signatures: equal claims by the same key are the same token, so a request for one that is being signed, or was
 * signed in the same second, gets that one. What is remembered goes when a token of another second is asked for; a
 * signature that failed is not remembered.
 *
 * @param sign makes one token; by default the real one
 */
export function createSharedSigning(sign: Sign = signToken): Sign {
  const tokens = new LRUCache<string, Promise<string>>({ max: maxTokens });
  let second = 0;
  return (claims, keys) => {
    if (claims.iat !== second) {
      tokens.clear();
      second = claims.iat;
    }
    const key = `${keys.active.kid} ${JSON.stringify(claims)}`;
    const known = tokens.get(key);
    if (known) return known;
    const token = sign(claims, keys);
    tokens.set(key, token);
    token.catch(() => tokens.delete(key));
    return token;
  };
}
