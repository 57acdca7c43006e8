import type { Logger } from 'pino';
import type { ClaimRules } from './claims.ts';
import type { EndedSignOns } from './ended-sign-ons.ts';
import { createProvider, type Provider, type ProviderOptions } from './provider.ts';
import { createRefresh, type RefreshSession } from './refresh.ts';

/** Configuration of single sign-on (web.oidc). */
export interface SingleSignOnOptions extends ProviderOptions, ClaimRules {
  /** What the ID token is used for: as a Kubernetes token, or only to identify the user. */
  accessMode: 'token' | 'self-service';
  selfService?: { namespace: string } | undefined;
  scopes: readonly string[];
  /** Whether signing out also ends the session at the provider, if it supports that. */
  providerSignOut: boolean;
  /** Text of the button; if unset, a default in the language of the page. */
  buttonLabel?: string | undefined;
}

/** Single sign-on with the configured identity provider. */
export interface SingleSignOnService {
  options: SingleSignOnOptions;
  /** Where the provider redirects to. */
  redirectUri: string;
  /** Where it redirects to after sign-out. */
  signedOutUri: string;
  provider: Provider;
  refresh: RefreshSession;
  /** The sign-ons that the provider has ended; undefined without back-channel logout. */
  ended: Pick<EndedSignOns, 'has' | 'add'> | undefined;
}

export interface SingleSignOnContext {
  /** URL of the console in browsers. */
  publicUrl: string;
  ended?: Pick<EndedSignOns, 'has' | 'add'> | undefined;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

export function createSingleSignOn(
  options: SingleSignOnOptions,
  { publicUrl, ended, log, now }: SingleSignOnContext,
): SingleSignOnService {
  const provider = createProvider(options, log);
  const redirectUri = new URL('/login/callback', publicUrl).href;
  const signedOutUri = new URL('/login/signed-out', publicUrl).href;
  return { options, redirectUri, signedOutUri, provider, refresh: createRefresh(provider, log, now), ended };
}
