/** Reads the parameters and client credentials of OAuth 2.0 requests. */
import type { Context } from 'hono';
import type { KeyPair } from '../../credential/key-pair.ts';
import { basicOf } from '../common/authorization.ts';
import { formEntries, formType, readBody } from '../common/body.ts';
import type { Environment } from '../common/environment.ts';
import { safeName } from '../common/errors.ts';
import { OAuthError } from '../common/oauth-error.ts';

/** The parameters of an OAuth 2.0 request. Unknown parameters are ignored (RFC 6749 section 3.2). */
export interface OAuthForm {
  /** @returns the value; undefined if the parameter is absent or empty, which is equivalent (RFC 6749 section 3.2) */
  get(name: string): string | undefined;
  /** @throws OAuthError invalid_request if the parameter is absent or empty */
  require(name: string): string;
  /** @returns all values of a repeatable parameter */
  all(name: string): readonly string[];
}

/** Parameters that RFC 8707 section 2 and RFC 8693 section 2.1 allow more than once. */
const repeatable = new Set(['resource', 'audience']);

/**
 * Reads the form of a request.
 *
 * @throws OAuthError invalid_request for a repeated parameter, or parameters in the query; PlatformError if the body is not
 * a form
 */
export async function readOAuthForm(context: Context<Environment>): Promise<OAuthForm> {
  if (Object.keys(context.req.queries()).length > 0) {
    throw new OAuthError('invalid_request', 'parameters must be in the request body, not in the query');
  }
  const { text } = await readBody(context.req, [formType]);
  const parameters = new Map<string, string[]>();
  for (const [name, value] of formEntries(text)) {
    const values = parameters.get(name);
    if (values && !repeatable.has(name)) {
      throw new OAuthError('invalid_request', `${safeName(name)}: must be given only once`);
    }
    if (values) values.push(value);
    else parameters.set(name, [value]);
  }
  const get = (name: string) => parameters.get(name)?.[0] || undefined;
  return {
    get,
    require(name) {
      const value = get(name);
      if (value === undefined) throw new OAuthError('invalid_request', `${name}: is required`);
      return value;
    },
    all: (name) => (parameters.get(name) ?? []).filter((value) => value !== ''),
  };
}

/**
 * Reads the client credentials (RFC 6749 section 2.3.1): client_secret_basic, with form-encoded values, or
 * client_secret_post. The client ID is the ak and the client secret the sk.
 *
 * @param authorization the Authorization header
 * @returns the key pair; undefined without credentials
 * @throws OAuthError invalid_request if more than one authentication method is used (section 2.3)
 */
export function clientOf(authorization: string | undefined, form: OAuthForm): KeyPair | undefined {
  const basic = basicOf(authorization);
  const [id, secret] = [form.get('client_id'), form.get('client_secret')];
  const hasAssertion = form.get('client_assertion') !== undefined || form.get('client_assertion_type') !== undefined;
  if (hasAssertion) throw new OAuthError('invalid_request', 'client_assertion: not supported');
  if (!basic) return secret === undefined ? undefined : { ak: id ?? '', sk: secret };
  const client = { ak: formDecode(basic.ak), sk: formDecode(basic.sk) };
  // Clients may repeat client_id in the body: it is not a credential.
  if (secret !== undefined || (id !== undefined && id !== client.ak)) {
    throw new OAuthError('invalid_request', 'the client must use only one authentication method');
  }
  return client;
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new OAuthError('invalid_request', 'Authorization: client ID and secret must be form-encoded');
  }
}
