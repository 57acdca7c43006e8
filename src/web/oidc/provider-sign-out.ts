/** RP-Initiated Logout (OpenID Connect RP-Initiated Logout 1.0). */
import type { SingleSignOnService } from './single-sign-on.ts';

/** The form with which the browser ends the session at the identity provider. */
export interface ProviderSignOut {
  action: string;
  /** Hidden fields. */
  fields: Readonly<Record<string, string>>;
}

/**
 * The ID token is sent in a form, not in a URL, because URLs are kept in histories and logs.
 *
 * @returns undefined if this is disabled, or if the provider does not support it or does not respond
 */
export async function providerSignOut(
  { options, provider, signedOutUri }: SingleSignOnService,
  idToken: string,
): Promise<ProviderSignOut | undefined> {
  if (!options.providerSignOut) return undefined;
  const discovered = await provider.discovered().catch(() => undefined);
  const action = URL.parse(discovered?.client.serverMetadata().end_session_endpoint ?? '');
  const isInsecure = new URL(options.issuer).protocol === 'http:';
  if (!action || !(action.protocol === 'https:' || (isInsecure && action.protocol === 'http:'))) return undefined;
  const client = { client_id: options.clientID, post_logout_redirect_uri: signedOutUri };
  return { action: action.href, fields: { id_token_hint: idToken, ...client } };
}
