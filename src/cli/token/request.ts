/** Builds the request for a token (pure). */
import type { KeyPair } from '../../credential/key-pair.ts';
import type { ServerRequest } from './send.ts';
import { TokenError } from './token-error.ts';

/** What a client authenticates with: a key pair, or a token to exchange. */
export type Credential = { readonly pair: KeyPair } | { readonly subjectToken: string };

/** Which token is requested. */
export interface TokenTerms {
  /** URL of the token server without a trailing slash. */
  readonly server: string;
  readonly audience?: string | undefined;
  /** Validity; default: what the server decides. */
  readonly days?: number | undefined;
}

const tokenExchange = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
} as const;

/**
 * Builds a request for client credentials (RFC 6749 section 4.4) or token exchange (RFC 8693 section 2.1). OAuth 2.0 has no
 * parameter for the validity of a token, so a validity is requested in the format of the platform.
 *
 * @throws TokenError if a validity is requested for an exchanged token
 */
export function buildTokenRequest(credential: Credential, { server, audience, days }: TokenTerms): ServerRequest {
  const selected = audience === undefined ? {} : { audience };
  if ('subjectToken' in credential) {
    if (days !== undefined) {
      throw new TokenError(
        'usage',
        '--lifetime requires a key pair: an exchanged token has the lifetime of the server',
      );
    }
    const form = { ...tokenExchange, subject_token: credential.subjectToken, ...selected };
    return post(`${server}/oauth2/token`, form);
  }
  const headers = { authorization: basic(credential.pair) };
  if (days === undefined) {
    return post(`${server}/oauth2/token`, { grant_type: 'client_credentials', ...selected }, headers);
  }
  return post(`${server}/apis/ghippo.io/v1alpha1/token`, { cycle: String(days), ...selected }, headers);
}

function post(url: string, form: Record<string, string>, headers: Record<string, string> = {}): ServerRequest {
  const types = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url, headers: { ...types, ...headers }, body: new URLSearchParams(form).toString() };
}

/** A key pair has no characters that RFC 6749 section 2.3.1 would encode. */
function basic({ ak, sk }: KeyPair): string {
  return `Basic ${Buffer.from(`${ak}:${sk}`).toString('base64')}`;
}
