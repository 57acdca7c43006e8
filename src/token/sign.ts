import { CompactSign } from 'jose';
import { LRUCache } from 'lru-cache';
import type { TokenClaims, TokenType } from './claims.ts';
import type { Sign } from './issue.ts';
import type { SigningKeys } from './keys/signing-keys.ts';

/**
 * Signs claims as a JWT (RFC 7519) in JWS compact form. The header is exactly alg, kid and typ, which is at+jwt for a
 * token with a jti (RFC 9068). The signature is computed on a libuv thread, not on the event loop.
 *
 * jose's SignJWT would copy and validate the claims again: 4 to 9 µs of CPU in addition to the 270 µs of RSA
 * (bench/README.md).
 */
export async function signToken(claims: TokenClaims, { active }: SigningKeys): Promise<string> {
  const type: TokenType = claims.jti === undefined ? 'JWT' : 'at+jwt';
  const header = { alg: active.algorithm, kid: active.kid, typ: type };
  return new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader(header).sign(active.key);
}

/** Bounds of the cache, which holds the tokens of one second: their number, and the characters of their claims. */
const bounds = { max: 4096, maxSize: 2_000_000 };

/**
 * Caches signatures for one second: equal claims signed with the same key are the same token, so requests for it share
 * one signature. The cache is cleared when a token of another second is requested. A failed signature is not cached.
 *
 * @param sign signs one token; default: {@link signToken}
 */
export function createCachedSign(sign: Sign = signToken): Sign {
  const tokens = new LRUCache<string, Promise<string>>({
    ...bounds,
    sizeCalculation: (_, key) => key.length,
  });
  let second = 0;
  return (claims, keys) => {
    if (claims.iat !== second) {
      tokens.clear();
      second = claims.iat;
    }
    const key = `${keys.active.kid} ${JSON.stringify(claims)}`;
    const cached = tokens.get(key);
    if (cached) return cached;
    const token = sign(claims, keys);
    tokens.set(key, token);
    token.catch(() => tokens.delete(key));
    return token;
  };
}
