/** The part of a metav1.Status that is safe to show: it never holds a value of the object that was sent. */
interface ApiStatus {
  message?: string;
  reason?: string;
}

/** Statuses whose message is about who and what, never about the values of a field. */
const safeMessages = new Set([401, 403, 404, 405, 409, 410, 429, 500, 503, 504]);

/**
 * An answer of the API server with a status of 400 or more.
 *
 * The message never holds a request's body nor the answer's: of a 400 or 422 only the reason is kept, since the API
 * server repeats invalid values there.
 */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  /** HTTP status. */
  readonly status: number;
  /** metav1.Status reason, for example `AlreadyExists`; empty when the answer had none. */
  readonly reason: string;
  /** What Retry-After asks for, in milliseconds (RFC 9110 section 10.2.3), a minute at most; 0 without one. */
  readonly retryAfterMs: number;

  constructor(status: number, reason: string, message: string, retryAfterMs: number) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
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

/** A write that was not sent, because this process is not the leader (see `fencedTransport`). */
export class NotLeaderError extends Error {
  override readonly name = 'NotLeaderError';
}

/** Wraps everything but our own errors and the caller's abort in a ConnectionError. */
export function toConnectionError(error: unknown, server: string, signal: AbortSignal | undefined): unknown {
  if ([KubernetesError, ConnectionError, NotLeaderError].some((kind) => error instanceof kind)) return error;
  if (signal?.aborted) return error;
  return new ConnectionError(`no valid response from the API server ${server}`, { cause: error });
}

/**
 * Makes the error of an answer.
 *
 * @param request what was asked, for the message: method and path without its query
 * @param body the answer's body, a metav1.Status when it comes from the API server itself
 * @param retryAfter the Retry-After header; only its form in seconds is honoured, the API server sends no other
 */
export function errorFromAnswer(
  request: string,
  status: number,
  body: string,
  retryAfter: string | undefined,
): KubernetesError {
  const answer = parseStatus(body);
  const detail = safeMessages.has(status) && answer.message ? `: ${shorten(answer.message)}` : '';
  const reason = shorten(answer.reason ?? '');
  const outcome = reason === '' ? status : `${status} ${reason}`;
  return new KubernetesError(status, reason, `${request}: ${outcome}${detail}`, retryAfterMs(retryAfter));
}

/** The longest wait that a Retry-After can ask for, seconds: one wrong header must not stop us for hours. */
const maxRetryAfterSeconds = 60;

function retryAfterMs(header: string | undefined): number {
  const seconds = Number(header ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, maxRetryAfterSeconds) * 1000 : 0;
}

/** Of a text that goes into logs and statuses, characters: an API server can be somebody else's, and so can a webhook. */
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

/** Whether the error is the API server's answer with this HTTP status. */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof KubernetesError && error.status === status;
}

/** How long an error asks to wait before the next attempt, milliseconds; 0 when it asks for nothing. */
export function retryAfterOf(error: unknown): number {
  return error instanceof KubernetesError ? error.retryAfterMs : 0;
}

/** A line for a log, of any thrown value: the causes of a connection error included, never a stack or a body. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describeError).join('; ');
  return error.cause === undefined ? error.message : `${error.message}: ${describeError(error.cause)}`;
}
