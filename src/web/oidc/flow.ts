/** The authorization code flow with PKCE (RFC 6749, RFC 7636, RFC 9207, OpenID Connect Core 1.0 section 3.1). */
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { z } from 'zod';
import type { DiscoveredProvider } from './provider.ts';
import { toProviderError } from './provider-error.ts';
import { type ProviderTokens, verifiedTokens } from './tokens.ts';

/** How long a user may take to sign in at the provider, milliseconds. */
export const flowMs = 10 * 60_000;

/** A started sign-in. The browser keeps it, encrypted, until the provider redirects back. */
export const flowSchema = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  /** The page to open after sign-in. */
  next: z.string(),
  /** Milliseconds since the epoch. */
  expiresAt: z.number(),
});
export type Flow = z.infer<typeof flowSchema>;

/**
 * Starts a sign-in.
 *
 * @returns the URL to redirect to, and the flow that `finishFlow` needs
 */
export async function startFlow(
  { client }: DiscoveredProvider,
  { redirectUri, scopes, next, now }: { redirectUri: string; scopes: readonly string[]; next: string; now: number },
): Promise<{ url: URL; flow: Flow }> {
  const verifier = randomPKCECodeVerifier();
  const flow = { state: randomState(), nonce: randomNonce(), verifier, next, expiresAt: now + flowMs };
  const url = buildAuthorizationUrl(client, {
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    state: flow.state,
    nonce: flow.nonce,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  return { url, flow };
}

/**
 * Checks the authorization response, exchanges its code and verifies the ID token.
 *
 * @param callback the redirect URI with the query of the response
 * @throws ProviderError
 */
export async function finishFlow(provider: DiscoveredProvider, callback: URL, flow: Flow): Promise<ProviderTokens> {
  try {
    const response = await authorizationCodeGrant(provider.client, callback, {
      expectedState: flow.state,
      expectedNonce: flow.nonce,
      pkceCodeVerifier: flow.verifier,
      idTokenExpected: true,
    });
    return await verifiedTokens(provider, response);
  } catch (error) {
    throw toProviderError(error);
  }
}
