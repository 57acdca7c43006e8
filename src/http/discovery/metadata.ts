import { tokenExchange } from '../../token/exchange.ts';
import type { SigningKeys } from '../../token/keys/signing-keys.ts';

/** The issuer of a deployment that can be discovered. */
export interface IssuerURL {
  /** As configured. */
  issuer: string;
  /** Without a slash at the end: what the URLs of the endpoints begin with. */
  base: string;
  /** The path without a slash at the end, empty for none. */
  path: string;
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Whether an issuer can be discovered: an https URL without query and fragment (RFC 8414 section 2). http only on
 * loopback, where nobody can listen.
 */
export function parseIssuer(issuer: string): IssuerURL | undefined {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const isSecure = url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.has(url.hostname));
  // The path becomes part of a route, where some characters would mean something.
  if (!url || !isSecure || /[?#@]/.test(issuer) || !/^[\w./~-]*$/.test(url.pathname)) return undefined;
  return { issuer, base: issuer.replace(/\/$/, ''), path: url.pathname.replace(/\/$/, '') };
}

/**
 * What this server can do, in the terms of RFC 8414 section 2 and OpenID Connect Discovery 1.0 section 3. There is no
 * authorization endpoint, hence no response type. Revocation is not announced: a token has no state of its own here.
 */
export function serverMetadata({ issuer, base }: IssuerURL, { jwks }: SigningKeys) {
  const clientMethods = ['client_secret_basic', 'client_secret_post'];
  return {
    issuer,
    token_endpoint: `${base}/oauth2/token`,
    introspection_endpoint: `${base}/oauth2/introspect`,
    jwks_uri: `${base}/.well-known/jwks.json`,
    grant_types_supported: ['client_credentials', tokenExchange],
    response_types_supported: [] as string[],
    // none: a token exchange is proved by its subject token.
    token_endpoint_auth_methods_supported: [...clientMethods, 'none'],
    introspection_endpoint_auth_methods_supported: [...clientMethods, 'Bearer'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(jwks.keys.flatMap(({ alg }) => alg ?? []))],
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'iat', 'preferred_username', 'groups', 'client_id'],
  };
}
