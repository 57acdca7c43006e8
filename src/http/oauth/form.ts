import type { Context } from 'hono';
import { formEntries, formType, readBody } from '../common/body.ts';
import type { Environment } from '../common/environment.ts';
import { OAuthError } from '../common/oauth-error.ts';

/** The parameters of an OAuth 2.0 request. What it does not know is ignored, as RFC 6749 section 3.2 asks for. */
export interface OAuthForm {
  /** The value, undefined when the parameter is absent or empty, which are the same (RFC 6749 section 3.2). */
  get(name: string): string | undefined;
  /** The value; throws OAuthError invalid_request when there is none. */
  require(name: string): string;
  /** All values of a parameter that may be repeated. */
  all(name: string): readonly string[];
}

/** RFC 8707 section 2 and RFC 8693 section 2.1 let these be there more than once. */
const repeatable = new Set(['resource', 'audience']);

/**
 * Reads the form of a request.
 *
 * @throws OAuthError invalid_request for a parameter that is repeated, or in the query; PlatformError when the body is
 * no form
 */
export async function readOAuthForm(context: Context<Environment>): Promise<OAuthForm> {
  if (Object.keys(context.req.queries()).length > 0) {
    throw new OAuthError('invalid_request', 'parameters belong into the body, not into the query');
  }
  const { text } = await readBody(context.req, [formType]);
  const values = new Map<string, string[]>();
  for (const [name, value] of formEntries(text)) {
    const known = values.get(name);
    if (known && !repeatable.has(name)) throw new OAuthError('invalid_request', `${printable(name)}: is repeated`);
    if (known) known.push(value);
    else values.set(name, [value]);
  }
  const get = (name: string) => values.get(name)?.[0] || undefined;
  return {
    get,
    require(name) {
      const value = get(name);
      if (value === undefined) throw new OAuthError('invalid_request', `${name}: is required`);
      return value;
    },
    all: (name) => (values.get(name) ?? []).filter((value) => value !== ''),
  };
}

/** The name of a parameter is the caller's text. */
function printable(name: string): string {
  return name.replace(/[^\w.-]/g, '?').slice(0, 64);
}
