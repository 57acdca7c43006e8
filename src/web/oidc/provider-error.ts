import { errors } from 'jose';
import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';
import { isTemporaryStatus } from '../../outbound/limited-fetch.ts';

/**
 * Why a request to the identity provider, or the processing of its response, failed:
 * - `unavailable`: no response, one with status 5xx or 429, or the files that the request needs cannot be read
 * - `denied`: the provider or the user denied sign-in
 * - `expired`: the provider no longer accepts the authorization code or the refresh token
 * - `invalid`: an error response, or a response that fails a check
 */
export type ProviderFailure = 'unavailable' | 'denied' | 'expired' | 'invalid';

/** A failed exchange with the identity provider. The message is for the log; it contains no token, code or secret. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly failure: ProviderFailure;

  constructor(failure: ProviderFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** Error codes of OAuth, as they may appear in a log line. */
const errorCode = /^[\w.-]{1,64}$/;

/** Converts an error of openid-client, jose or fetch. */
export function toProviderError(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  if (error instanceof AuthorizationResponseError) return fromAuthorizationError(codeOf(error.error));
  if (error instanceof ResponseBodyError) return fromTokenError(error);
  if (error instanceof ClientError) return fromClientError(error);
  if (isNetworkError(error)) return new ProviderError('unavailable', causeOf(error));
  return new ProviderError('invalid', error instanceof errors.JOSEError ? error.message : unexpected(error));
}

/** The message of another error may contain a value, for example that of a header. */
function unexpected(error: unknown): string {
  return error instanceof Error ? `unexpected ${error.constructor.name}` : 'unknown error';
}

function codeOf(error: string): string {
  return errorCode.test(error) ? error : 'invalid error code';
}

function fromAuthorizationError(code: string): ProviderError {
  const isAboutProvider = code === 'temporarily_unavailable' || code === 'server_error';
  return new ProviderError(isAboutProvider ? 'invalid' : 'denied', `authorization response with error ${code}`);
}

function fromTokenError({ error, status }: ResponseBodyError): ProviderError {
  const code = codeOf(error);
  const failure = code === 'invalid_grant' ? 'expired' : isTemporaryStatus(status) ? 'unavailable' : 'invalid';
  return new ProviderError(failure, `token response with error ${code}`);
}

function fromClientError({ code = '', message, cause }: ClientError): ProviderError {
  if (code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT')
    return new ProviderError('unavailable', 'no response in time');
  // The cause of an unexpected status is the response.
  const { status } = (cause ?? {}) as { status?: unknown };
  if (typeof status !== 'number') return new ProviderError('invalid', message);
  return new ProviderError(isTemporaryStatus(status) ? 'unavailable' : 'invalid', `${message} ${status}`);
}

/** Whether fetch got no response: it reports that with a TypeError that has a cause, or a timeout. */
function isNetworkError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return (error instanceof TypeError && error.cause !== undefined) || error.name === 'TimeoutError';
}

function causeOf({ message, cause }: Error): string {
  return cause instanceof Error ? (cause as NodeJS.ErrnoException).code || cause.message : message;
}
