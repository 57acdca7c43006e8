import type { TokenError, TokenProblem } from '../token/token-error.ts';

/**
 * `credential`: the files cannot be used; `rejected`: the server rejected the request; `unavailable`: no response, or the
 * server cannot respond now; `file`: the token cannot be written.
 */
export const failureReasons = ['credential', 'rejected', 'unavailable', 'file'] as const;

export type FailureReason = (typeof failureReasons)[number];

/** Why the agent has no new token. The message never contains a secret. */
export class RefreshFailure extends Error {
  override readonly name = 'RefreshFailure';
  readonly reason: FailureReason;
  /** How long the server asks to wait (RFC 9110 section 10.2.3), milliseconds; 0 if it does not. */
  readonly retryAfterMs: number;

  constructor(message: string, reason: FailureReason, retryAfterMs = 0) {
    super(message);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

const reasonsOf: Record<TokenProblem, FailureReason> = {
  usage: 'rejected',
  credential: 'credential',
  rejected: 'rejected',
  throttled: 'rejected',
  unavailable: 'unavailable',
  'invalid-response': 'unavailable',
};

/** Converts the error of a request. */
export function toRefreshFailure({ message, problem, retryAfterSeconds = 0 }: TokenError): RefreshFailure {
  return new RefreshFailure(message, reasonsOf[problem], retryAfterSeconds * 1000);
}
