import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { refreshTokenGrant } from 'openid-client';
import type { Logger } from 'pino';
import type { SignedOnSession, SingleSignOn } from '../session/session.ts';
import type { Provider } from './provider.ts';
import { ProviderError, toProviderError } from './provider-error.ts';
import { type ProviderTokens, verifiedTokens } from './tokens.ts';

/** ID tokens are refreshed in the last fifth of their lifetime, but not earlier than this before their expiry. */
const earliestMs = 120_000;
const refreshFraction = 0.8;
/**
 * How long new tokens are kept, or that the refresh token has expired, milliseconds: other tabs may still send the previous cookie, and many
 * providers accept a refresh token only once.
 */
const resultMs = 120_000;
/** How long any other failure than an expired refresh token is kept, milliseconds: it may not last. */
const retryMs = 10_000;
const maxResults = 5_000;

/** @returns the session with the new tokens, or the error */
export type RefreshSession = (session: SignedOnSession) => Promise<SignedOnSession | ProviderError>;

/**
 * Refreshes the tokens of sessions (OpenID Connect Core 1.0 section 12). Concurrent requests with the same tokens share
 * one refresh. Nothing is thrown, because the previous ID token may still be valid.
 *
 * @param now milliseconds since the epoch
 */
export function createRefresh(provider: Provider, log: Logger, now: () => number): RefreshSession {
  const results = new LRUCache<string, Promise<ProviderTokens | ProviderError>>({ max: maxResults, ttl: resultMs });

  async function refresh({ sso }: SignedOnSession): Promise<ProviderTokens | ProviderError> {
    try {
      const discovered = await provider.discovered();
      const response = await refreshTokenGrant(discovered.client, sso.refreshToken ?? '');
      const tokens = await verifiedTokens(discovered, response);
      // The other claims may change; another user must not take over the session.
      if (tokens.claims.sub !== sso.sub) return new ProviderError('invalid', 'refreshed ID token has another sub');
      return tokens;
    } catch (error) {
      return toProviderError(error);
    }
  }

  function start(key: string, session: SignedOnSession): Promise<ProviderTokens | ProviderError> {
    const result = refresh(session);
    results.set(key, result);
    result.then((outcome) => {
      if (!(outcome instanceof ProviderError)) return;
      log.info({ failure: outcome.failure, reason: outcome.message }, 'cannot refresh an ID token');
      if (outcome.failure !== 'expired') results.set(key, result, { ttl: retryMs });
    });
    return result;
  }

  return async (session) => {
    const key = createHash('sha256').update(`${session.token} ${session.sso.refreshToken}`).digest('base64url');
    const result = await (results.get(key) ?? start(key, session));
    if (result instanceof ProviderError) return result;
    const { sso } = session;
    return { ...session, token: result.idToken, sso: { ...sso, ...refreshing(result, sso.refreshToken, now()) } };
  };
}

/**
 * When and how to refresh the tokens.
 *
 * @param previous refresh token that stays valid if the provider sends no new one
 */
export function refreshing(
  { claims, refreshToken }: ProviderTokens,
  previous: string | undefined,
  now: number,
): Pick<SingleSignOn, 'refreshToken' | 'refreshAt'> {
  const token = refreshToken ?? previous;
  if (token === undefined) return {};
  const expiresAt = Number(claims.exp) * 1000;
  const refreshAt = Math.max(now + refreshFraction * (expiresAt - now), expiresAt - earliestMs);
  return { refreshToken: token, refreshAt };
}
