import type { Context } from 'hono';
import type { Environment } from './environment.ts';
import type { PlatformError } from './errors.ts';

/** Error codes of the token endpoint (RFC 6749 section 5.2, RFC 8707 section 2, RFC 8693 section 2.2.2). */
type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'invalid_target'
  // From RFC 6749 section 4.1.2.1, because section 5.2 has no codes for these.
  | 'unsupported_response_type'
  | 'temporarily_unavailable'
  | 'server_error';

/** An error in the format of RFC 6749 section 5.2. The description is for developers and never contains a secret. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly code: OAuthErrorCode;
  readonly status: 400 | 401 | 404 | 405 | 413 | 429 | 500 | 503;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: OAuthErrorCode,
    description: string,
    more: { status?: OAuthError['status']; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(description);
    this.code = code;
    this.status = more.status ?? 400;
    this.headers = more.headers ?? {};
  }
}

/** A 401 for a client that is not authenticated. */
export function invalidClient(description: string, challenge: string): OAuthError {
  return new OAuthError('invalid_client', description, { status: 401, headers: { 'WWW-Authenticate': challenge } });
}

/** A 429 for an address with too many failures (RFC 6585 section 4). @param code error code without throttling */
export function throttled(code: 'invalid_client' | 'invalid_request', retryAfterSeconds: number): OAuthError {
  const description = `too many failed attempts, try again in ${retryAfterSeconds} s`;
  return new OAuthError(code, description, { status: 429, headers: { 'Retry-After': String(retryAfterSeconds) } });
}

/**
 * Converts a platform error. Keeps the status of errors about the path, the method or the size; every other invalid
 * request, including an unsupported media type, is a 400 (RFC 6749 section 5.2).
 */
export function toOAuthError({ message, headers, status }: PlatformError): OAuthError {
  if (status === 500) return new OAuthError('server_error', message, { status });
  if (status === 503) return new OAuthError('temporarily_unavailable', message, { status, headers });
  const isKept = status === 404 || status === 405 || status === 413;
  return new OAuthError('invalid_request', message, isKept ? { status, headers } : {});
}

/** Responds with an error that must not be cached (RFC 6749 section 5.1). */
export function answerOAuthError(error: OAuthError, context: Context<Environment>): Response {
  forbidCaching(context);
  for (const [name, value] of Object.entries(error.headers)) context.header(name, value);
  return context.json(oauthBody(error), error.status);
}

/** @returns the body of an error; RFC 6749 section 5.2 limits the characters of the description */
export function oauthBody({ code, message }: OAuthError): { error: string; error_description: string } {
  return { error: code, error_description: message.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?') };
}

/** RFC 6749 section 5.1 requires both headers. */
export function forbidCaching(context: Context<Environment>): void {
  context.header('Cache-Control', 'no-store');
  context.header('Pragma', 'no-cache');
}
