import { tokenExchange } from '../../token/exchange.ts';
import type { Credential } from '../../token/issue.ts';
import type { TokenOptions } from '../common/environment.ts';
import { basicChallenge, invalidClient, OAuthError } from '../common/oauth-error.ts';
import { clientOf } from './client.ts';
import type { OAuthForm } from './form.ts';

/** Token types of RFC 8693 section 3. */
const tokenType = {
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
} as const;

/** A request for a token that has the right form. */
export interface GrantRequest {
  credential: Credential;
  /** For a token exchange: how the issued token is to be called. */
  issuedType?: string;
}

/**
 * Reads a request of the token endpoint: client credentials (RFC 6749 section 4.4) or token exchange (RFC 8693). What
 * cannot be had, such as a scope, is refused and never ignored.
 *
 * @param authorization the Authorization header
 * @throws OAuthError; PlatformError 400 for a malformed Authorization header
 */
export function readGrantRequest(
  form: OAuthForm,
  authorization: string | undefined,
  options: TokenOptions,
): GrantRequest {
  const grantType = form.require('grant_type');
  if (grantType !== 'client_credentials' && grantType !== tokenExchange) {
    throw new OAuthError('unsupported_grant_type', `grant_type: must be client_credentials or ${tokenExchange}`);
  }
  if (form.get('scope') !== undefined) throw new OAuthError('invalid_scope', 'scope: there are no scopes here');
  const targets = [...form.all('resource'), ...form.all('audience')];
  if (targets.some((target) => target !== options.audience)) {
    throw new OAuthError('invalid_target', 'resource and audience must be the audience that is configured');
  }
  if (grantType === tokenExchange) return readExchange(form, authorization);
  const pair = clientOf(authorization, form);
  if (!pair) throw invalidClient('the client must authenticate', basicChallenge(options));
  return { credential: { pair } };
}

/**
 * The parameters of RFC 8693 section 2.1. The client is the ServiceAccount and proves itself by the subject token; its
 * name may be there as client_id, as public clients send it.
 */
function readExchange(form: OAuthForm, authorization: string | undefined): GrantRequest {
  for (const name of ['actor_token', 'actor_token_type']) refuse(form, name, 'there is no delegation here');
  for (const name of ['client_secret', 'client_assertion', 'client_assertion_type']) {
    refuse(form, name, 'the subject token is the proof');
  }
  if (authorization !== undefined) {
    throw new OAuthError('invalid_request', 'Authorization: must not be there, the subject token is the proof');
  }
  const subjectToken = form.require('subject_token');
  if (form.require('subject_token_type') !== tokenType.jwt) {
    throw new OAuthError('invalid_request', `subject_token_type: must be ${tokenType.jwt}`);
  }
  const issuedType = form.get('requested_token_type') ?? tokenType.accessToken;
  if (issuedType !== tokenType.accessToken && issuedType !== tokenType.jwt) {
    throw new OAuthError('invalid_request', 'requested_token_type: must be that of an access token or a JWT');
  }
  return { credential: { subjectToken, clientId: form.get('client_id') }, issuedType };
}

function refuse(form: OAuthForm, name: string, why: string): void {
  if (form.get(name) !== undefined) throw new OAuthError('invalid_request', `${name}: must not be given, ${why}`);
}
