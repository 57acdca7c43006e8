import { isDenial, safeMessage } from './denial.ts';

/** The part of a metav1.Status that is safe to log: it never contains values of the object that was sent. */
interface ApiStatus {
  message?: string;
  reason?: string;
}

interface KubernetesErrorOptions {
  status: number;
  reason?: string;
  retryAfterMs?: number;
  denied?: boolean;
  detail?: string;
}

/**
 * A response of the API server with a status of 400 or more.
 *
 * The message never contains a value that was sent. Of a 400 or 422 it has the text only if an admission policy or
 * webhook denied the request, because the API server repeats invalid values in its own text.
 */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  /** HTTP status. */
  readonly status: number;
  /** metav1.Status reason, for example `AlreadyExists`; empty if the response has none. */
  readonly reason: string;
  /** Retry-After (RFC 9110 section 10.2.3), milliseconds, capped at one minute; 0 if the response has none. */
  readonly retryAfterMs: number;
  /** An admission policy or webhook rejected the request; a later one may succeed. */
  readonly denied: boolean;
  /** The safe part of the API server's own text, without the request; empty if there is none. */
  readonly detail: string;

  constructor(message: string, options: KubernetesErrorOptions) {
    const { status, reason = '', retryAfterMs = 0, denied = false, detail = '' } = options;
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
    this.denied = denied;
    this.detail = detail;
  }
}

/** No valid response: connection refused or reset, timeout, TLS failure, or not JSON. `cause` is what failed. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

/** A response that no API server sends, for example from a broken proxy. The message never contains any of it. */
export class InvalidResponseError extends Error {
  override readonly name: string = 'InvalidResponseError';
}

/** A response that is longer than the caller allows. */
export class ResponseTooLongError extends InvalidResponseError {
  override readonly name = 'ResponseTooLongError';
}

/**
 * A write that was not sent, because this process is not the leader (see `fencedTransport`), or a request that was aborted
 * some time after it stopped being the leader.
 */
export class NotLeaderError extends Error {
  override readonly name = 'NotLeaderError';
}

/** Wraps everything but our own errors and the caller's abort in a ConnectionError. */
export function toConnectionError(error: unknown, server: string, signal: AbortSignal | undefined): unknown {
  if ([KubernetesError, ConnectionError, NotLeaderError].some((kind) => error instanceof kind)) return error;
  if (signal?.aborted) return error;
  return new ConnectionError(`no valid response from the API server ${server}`, { cause: error });
}

export interface ErrorResponse {
  status: number;
  /** A metav1.Status if it comes from the API server itself. */
  body: string;
  /** Header Retry-After; only the form in seconds is supported, as the API server sends it. */
  retryAfter?: string | undefined;
  /** Body of the request; the values of Secrets in it are masked in the message. */
  sent?: string | undefined;
  /** The message may repeat values that were sent, see `TransportOptions`. */
  repeatsValues?: boolean | undefined;
}

/**
 * Creates the error for a response.
 *
 * @param request method and path without the query, for the message
 */
export function errorFromResponse(request: string, response: ErrorResponse): KubernetesError {
  const { status, body, retryAfter, sent, repeatsValues = false } = response;
  const parsed = parseStatus(body);
  const text = shorten(parsed.message ?? '');
  const message = repeatsValues ? text : safeMessage(status, text, sent);
  const detail = message === '' ? '' : `: ${message}`;
  const reason = shorten(parsed.reason ?? '');
  const outcome = reason === '' ? status : `${status} ${reason}`;
  return new KubernetesError(`${request}: ${outcome}${detail}`, {
    status,
    reason,
    retryAfterMs: retryAfterMs(retryAfter),
    denied: isDenial(text),
    detail: message,
  });
}

/** Cap of Retry-After, seconds: one wrong header must not block requests for hours. */
const maxRetryAfterSeconds = 60;

function retryAfterMs(header: string | undefined): number {
  const seconds = Number(header ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, maxRetryAfterSeconds) * 1000 : 0;
}

/** Longest text copied to logs and statuses, characters: API servers and webhooks can be untrusted. */
const maxTextLength = 2_000;

function shorten(text: string): string {
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text;
}

function parseStatus(body: string): ApiStatus {
  try {
    const { message, reason } = (JSON.parse(body) ?? {}) as Record<string, unknown>;
    return { ...(typeof message === 'string' && { message }), ...(typeof reason === 'string' && { reason }) };
  } catch {
    return {};
  }
}

/**
 * Checks whether an error is a response of the API server with this HTTP status. A denial is none: an admission webhook may
 * choose any status, which then says nothing about the object, the credentials or the API server.
 */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof KubernetesError && error.status === status && !error.denied;
}

/** @returns undefined if the object does not exist (404) */
export function ifFound<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch((error: unknown) => {
    if (isStatus(error, 404)) return undefined;
    throw error;
  });
}

/** @returns the Retry-After of an error, milliseconds; 0 if it has none */
export function retryAfterOf(error: unknown): number {
  return error instanceof KubernetesError ? error.retryAfterMs : 0;
}

/** @returns the message of any thrown value and of its causes, for the log; never a stack or a body */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describeError).join('; ');
  return error.cause === undefined ? error.message : `${error.message}: ${describeError(error.cause)}`;
}
