/** Why a command has no token. */
export type TokenProblem =
  /** The options or the environment are wrong. */
  | 'usage'
  /** The key pair or the subject token cannot be read, or is malformed. */
  | 'credential'
  /** The token server rejects the credential, the audience or the address. */
  | 'rejected'
  /** Too many failed attempts: wait for `retryAfterSeconds`. */
  | 'throttled'
  /** No response, or one that says to try again later. */
  | 'unavailable'
  /** The response is not one of a token server. */
  | 'invalid-response';

/**
 * A command cannot get a token. The message is one line; neither it nor the hint contains a secret.
 */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  readonly problem: TokenProblem;
  /** What the user can do, one line. */
  readonly hint: string | undefined;
  /** Whole seconds to wait, as the server asked; only for `throttled` and `unavailable`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(problem: TokenProblem, message: string, more: { hint?: string; retryAfterSeconds?: number } = {}) {
    super(message);
    this.problem = problem;
    this.hint = more.hint;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}
