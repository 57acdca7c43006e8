import { usernameOf } from '../../kube/names.ts';
import type { ReviewBudget } from '../../token/exchange.ts';
import { createFailureThrottle, type ThrottleOptions } from './throttle.ts';

/** The limit of an address is this multiple of the limit of an account. */
const accountsPerAddress = 20;

/** Limits failed reviews of tokens by the cluster. Each attempt counts as a failure until it succeeds. */
export interface AccountBudget {
  /**
   * Takes one attempt.
   *
   * @param account unverified account of the token
   * @returns 0 if an attempt was available, otherwise the whole seconds until the next one
   */
  take(address: string, account: string): number;
  /** Returns the attempt to the address, because no review was needed. It still counts for the account. */
  refundReview(address: string): void;
  /** Returns the attempt, because the token was valid or the review gave no result. */
  refund(address: string, account: string): void;
}

/**
 * Limits each account at an address, and all accounts at that address together to twenty times as many failures. So
 * failures of one account do not block other accounts behind the same address.
 *
 * @param options limits of one account; undefined: no throttling
 * @param now monotonic clock, milliseconds
 */
export function createAccountBudget(options: ThrottleOptions | undefined, now?: () => number): AccountBudget {
  const perAccount = createFailureThrottle(options, now);
  const perAddress = createFailureThrottle(options && forAddress(options), now);
  return {
    take: (address, account) => perAccount.failed(address, account) || perAddress.failed(address),
    refundReview: (address) => perAddress.forgive(address),
    refund(address, account) {
      perAccount.forgive(address, account);
      perAddress.forgive(address);
    },
  };
}

/** Creates the budget of token exchanges, whose accounts are ServiceAccounts. */
export function createReviewBudget(options: ThrottleOptions | undefined, now?: () => number): ReviewBudget {
  const { take, refundReview, refund } = createAccountBudget(options, now);
  return {
    refundReview,
    take: (address, account) => take(address, usernameOf(account)),
    refund: (address, account) => refund(address, usernameOf(account)),
  };
}

function forAddress({ burst, refillSeconds }: ThrottleOptions): ThrottleOptions {
  return { burst: burst * accountsPerAddress, refillSeconds: refillSeconds / accountsPerAddress };
}
