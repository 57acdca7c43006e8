/** Gets a token: from the cache, or from the server. */
import { type CacheKey, isFresh, isUsable } from './cache-entry.ts';
import type { TokenCache } from './cache-file.ts';
import { withFileLock } from './lock.ts';
import type { OpenedSource } from './read-source.ts';
import type { Credential, TokenTerms } from './request.ts';
import { type IssuedToken, unverifiedClaims } from './response.ts';
import { TokenError } from './token-error.ts';

export interface ObtainOptions {
  readonly terms: TokenTerms;
  readonly source: OpenedSource;
  /** Request a token even if the cache has one. */
  readonly refresh?: boolean | undefined;
}

export interface ObtainEffects {
  readonly cache: TokenCache;
  /** @throws TokenError */
  readonly request: (credential: Credential, terms: TokenTerms) => Promise<IssuedToken>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Reports a problem that does not prevent a token. */
  readonly warn: (message: string) => void;
}

/**
 * Gets a token. Parallel processes request one token. While the server is unavailable, a cached token is used until it
 * expires.
 *
 * @throws TokenError
 */
export async function obtainToken(options: ObtainOptions, effects: ObtainEffects): Promise<IssuedToken> {
  const { terms, source, refresh = false } = options;
  const { cache, now } = effects;
  const key: CacheKey = { ...terms, identity: source.identity };
  const startedAt = now();
  const read = () => readUnrevoked(cache, key, source);
  const cached = await read();
  if (cached && !refresh && isFresh(cached, startedAt)) return cached;
  return inLock(key, effects, async () => {
    const found = await read();
    // Another process may have requested it in the meantime, also if this one wants a new token.
    const isNew = !refresh || (found !== undefined && found.issuedAt > startedAt);
    if (found && isNew && isFresh(found, now())) return found;
    return requestAndStore(key, found, options, effects);
  });
}

async function readUnrevoked(
  cache: TokenCache,
  key: CacheKey,
  { tokensNotBefore = 0 }: OpenedSource,
): Promise<IssuedToken | undefined> {
  const cached = await cache.read(key);
  return cached && (tokensNotBefore === 0 || issuedByOperatorMs(cached) >= tokensNotBefore) ? cached : undefined;
}

/**
 * The time of a revocation is that of the cluster, so it is compared with the clock of the operator. A token that has
 * none counts as revoked.
 *
 * @returns milliseconds since the epoch
 */
function issuedByOperatorMs({ token }: IssuedToken): number {
  const { iat } = unverifiedClaims(token) ?? {};
  return typeof iat === 'number' ? iat * 1000 : Number.NEGATIVE_INFINITY;
}

/** Runs a function with the lock of a cache entry, or without it if there cannot be one. */
async function inLock(key: CacheKey, { cache }: ObtainEffects, run: () => Promise<IssuedToken>): Promise<IssuedToken> {
  let result: Promise<IssuedToken> | undefined;
  const once = () => {
    result = run();
    return result;
  };
  try {
    return await withFileLock(await cache.prepare(key), once);
  } catch {
    // If the function has run, this is its own error. Else there is no lock: two processes may request a token.
    return result ?? run();
  }
}

async function requestAndStore(
  key: CacheKey,
  cached: IssuedToken | undefined,
  { terms, source, refresh = false }: ObtainOptions,
  { cache, request, now, warn }: ObtainEffects,
): Promise<IssuedToken> {
  try {
    const issued = await request(await source.read(), terms);
    await cache.write(key, issued).catch((error) => warn(`the token is not cached: ${reasonOf(error)}`));
    return issued;
  } catch (error) {
    const isTemporary = error instanceof TokenError && ['unavailable', 'throttled'].includes(error.problem);
    if (refresh || !isTemporary || !cached || !isUsable(cached, now())) throw error;
    warn(`${error.message}; the cached token is used until ${new Date(cached.expiresAt).toISOString()}`);
    return cached;
  }
}

function reasonOf(error: unknown): string {
  const { code, message, path } = error as NodeJS.ErrnoException;
  return code && path ? `${code} ${path}` : message;
}
