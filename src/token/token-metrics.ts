/** What became of a request for a token; `invalid` is one whose parameters are wrong. */
export type TokenResult = 'granted' | 'refused' | 'invalid';

/** What is told of tokens. */
export interface TokenMetrics {
  requested(result: TokenResult): void;
  /** A token was signed, in so many seconds. */
  signed(seconds: number): void;
}
