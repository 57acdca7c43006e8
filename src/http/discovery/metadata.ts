import { grantTypesOf } from '../../token/exchange.ts';
import type { SigningKeys } from '../../token/keys/signing-keys.ts';

/** An issuer that supports discovery. */
export interface IssuerURL {
  /** As configured. */
  issuer: string;
  /** Base URL of the endpoints, without a trailing slash. */
  base: string;
  /** The path without a trailing slash, or empty. */
  path: string;
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Parses an issuer that supports discovery: an https URL without query and fragment (RFC 8414 section 2), or an http
 * URL of a loopback address.
 *
 * @returns undefined for another issuer
 */
export function parseIssuer(issuer: string): IssuerURL | undefined {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const isSecure = url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.has(url.hostname));
  // The path becomes part of a route pattern, so special characters are rejected.
  if (!url || !isSecure || /[?#@]/.test(issuer) || !/^[\w./~-]*$/.test(url.pathname)) return undefined;
  return { issuer, base: issuer.replace(/\/$/, ''), path: url.pathname.replace(/\/$/, '') };
}

/**
 * Metadata of the server (RFC 8414 section 2, OpenID Connect Discovery 1.0 section 3). The authorization
 * endpoint, which OpenID Connect requires, supports no request, hence the response type none. OpenID Connect also requires
 * RS256 in the list of algorithms; without an RSA key in the JWK Set, no such token verifies. There is no revocation
 * endpoint, because tokens have no state.
 */
export function serverMetadata({ issuer, base }: IssuerURL, { jwks }: SigningKeys, hasTrustedIssuers = false) {
  const clientMethods = ['client_secret_basic', 'client_secret_post'];
  return {
    issuer,
    authorization_endpoint: `${base}/oauth2/authorize`,
    token_endpoint: `${base}/oauth2/token`,
    introspection_endpoint: `${base}/oauth2/introspect`,
    jwks_uri: `${base}/.well-known/jwks.json`,
    grant_types_supported: grantTypesOf(hasTrustedIssuers),
    // The list must not be empty.
    response_types_supported: ['none'],
    // none: a token exchange is authenticated with its subject token.
    token_endpoint_auth_methods_supported: [...clientMethods, 'none'],
    introspection_endpoint_auth_methods_supported: [...clientMethods, 'Bearer'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set([...jwks.keys.flatMap(({ alg }) => alg ?? []), 'RS256'])],
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'iat', 'preferred_username', 'groups', 'client_id'],
  };
}
