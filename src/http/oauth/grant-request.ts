import { grantTypesOf, jwtBearer, tokenExchange } from '../../token/exchange.ts';
import type { Credential } from '../../token/issue.ts';
import { basicChallenge } from '../common/authorization.ts';
import type { TokenOptions } from '../common/dependencies.ts';
import { invalidClient, OAuthError } from '../common/oauth-error.ts';
import { clientOf, type OAuthForm } from './form.ts';

/** Token types of RFC 8693 section 3. */
export const tokenType = {
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
} as const;

/** A valid token request. */
export interface GrantRequest {
  credential: Credential;
  audience?: string | undefined;
  /** issued_token_type of the response to a token exchange. */
  issuedType?: string;
  /** Whether the credential is the assertion of RFC 7523. */
  isAssertion?: boolean;
}

/**
 * Reads a token request: client credentials (RFC 6749 section 4.4) or token exchange (RFC 8693). Unsupported parameters,
 * such as a scope, are rejected and never ignored.
 *
 * @param authorization the Authorization header
 * @throws OAuthError; PlatformError 400 for a malformed Authorization header
 */
export function readGrantRequest(
  form: OAuthForm,
  authorization: string | undefined,
  options: TokenOptions,
  hasTrustedIssuers: boolean,
): GrantRequest {
  const grantType = form.require('grant_type');
  const grantTypes = grantTypesOf(hasTrustedIssuers);
  if (!grantTypes.includes(grantType)) {
    throw new OAuthError('unsupported_grant_type', `grant_type: must be ${grantTypes.join(' or ')}`);
  }
  if (form.get('scope') !== undefined) throw new OAuthError('invalid_scope', 'scope: not supported');
  const [audience, ...others] = new Set([...form.all('resource'), ...form.all('audience')]);
  if (others.length > 0) throw new OAuthError('invalid_target', 'resource and audience must name only one audience');
  if (grantType === jwtBearer) return { ...readAssertion(form, authorization), audience };
  if (grantType === tokenExchange) return { ...readExchange(form, authorization), audience };
  const pair = clientOf(authorization, form);
  if (!pair) throw invalidClient('client authentication is required', basicChallenge(options));
  return { credential: { pair }, audience };
}

/** Reads the parameters of RFC 7523 section 2.1. The assertion also identifies the client. */
function readAssertion(form: OAuthForm, authorization: string | undefined): GrantRequest {
  for (const name of ['client_secret', 'client_assertion', 'client_assertion_type']) {
    reject(form, name, 'the assertion authenticates the client');
  }
  if (authorization !== undefined) {
    throw new OAuthError('invalid_request', 'Authorization: not allowed, the assertion authenticates the client');
  }
  return {
    credential: { subjectToken: form.require('assertion'), clientId: form.get('client_id') },
    isAssertion: true,
  };
}

/**
 * Reads the parameters of RFC 8693 section 2.1. The client is the ServiceAccount and authenticates with the subject token;
 * client_id may contain its name.
 */
function readExchange(form: OAuthForm, authorization: string | undefined): GrantRequest {
  for (const name of ['actor_token', 'actor_token_type']) reject(form, name, 'delegation is not supported');
  for (const name of ['client_secret', 'client_assertion', 'client_assertion_type']) {
    reject(form, name, 'the subject token authenticates the client');
  }
  if (authorization !== undefined) {
    throw new OAuthError('invalid_request', 'Authorization: not allowed, the subject token authenticates the client');
  }
  const subjectToken = form.require('subject_token');
  if (form.require('subject_token_type') !== tokenType.jwt) {
    throw new OAuthError('invalid_request', `subject_token_type: must be ${tokenType.jwt}`);
  }
  const issuedType = form.get('requested_token_type') ?? tokenType.accessToken;
  if (issuedType !== tokenType.accessToken && issuedType !== tokenType.jwt) {
    throw new OAuthError(
      'invalid_request',
      `requested_token_type: must be ${tokenType.accessToken} or ${tokenType.jwt}`,
    );
  }
  return { credential: { subjectToken, clientId: form.get('client_id') }, issuedType };
}

function reject(form: OAuthForm, name: string, reason: string): void {
  if (form.get(name) !== undefined) throw new OAuthError('invalid_request', `${name}: not allowed, ${reason}`);
}
