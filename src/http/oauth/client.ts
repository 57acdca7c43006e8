import type { KeyPair } from '../../credential/key-pair.ts';
import { basicOf } from '../common/authorization.ts';
import { OAuthError } from '../common/oauth-error.ts';
import type { OAuthForm } from './form.ts';

/**
 * Reads the credentials of a client (RFC 6749 section 2.3.1): client_secret_basic, whose two halves are form-encoded
 * inside, or client_secret_post. The client's id is the ak and its secret the sk.
 *
 * @param authorization the Authorization header
 * @returns undefined when there are none
 * @throws OAuthError invalid_request when they come in both ways (section 2.3), or in halves
 */
export function clientOf(authorization: string | undefined, form: OAuthForm): KeyPair | undefined {
  const basic = basicOf(authorization);
  const [id, secret] = [form.get('client_id'), form.get('client_secret')];
  const isAsserted = form.get('client_assertion') !== undefined || form.get('client_assertion_type') !== undefined;
  if (isAsserted) throw new OAuthError('invalid_request', 'client_assertion: is not supported');
  if (!basic) return secret === undefined ? undefined : { ak: id ?? '', sk: secret };
  const client = { ak: formDecode(basic.ak), sk: formDecode(basic.sk) };
  // The id alone may be repeated in the body: it proves nothing.
  if (secret !== undefined || (id !== undefined && id !== client.ak)) {
    throw new OAuthError('invalid_request', 'the client must authenticate in one way only');
  }
  return client;
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new OAuthError('invalid_request', 'Authorization: must be form-encoded inside of the Base64');
  }
}
