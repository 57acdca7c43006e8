import { usernameOf } from '../../kube/names.ts';
import type { ReviewBudget } from '../../token/exchange.ts';
import { createFailureThrottle, type ThrottleOptions } from './throttle.ts';

/** One address may have so many accounts fail to the full at the same time. */
const accountsOfAddress = 20;

/** Failures of tokens that only the cluster can check: each attempt counts as one until it is known to be right. */
export interface AccountBudget {
  /**
   * Takes an attempt.
   *
   * @param account whose token it says that it is
   * @returns 0 when there was one, else the whole seconds until there is one
   */
  take(address: string, account: string): number;
  /** The cluster was not asked: the attempt counts against this account only. */
  refundReview(address: string): void;
  /** The token was right, or nothing was said of it. */
  refund(address: string, account: string): void;
}

/**
 * Each account that is claimed at an address may fail as often as a pair may, and all that are claimed there twenty times
 * as often together: so who claims one shuts out no other behind that address.
 *
 * @param options undefined: nothing is throttled
 * @param now milliseconds, of a clock that only goes forward
 */
export function createAccountBudget(options: ThrottleOptions | undefined, now?: () => number): AccountBudget {
  const perAccount = createFailureThrottle(options, now);
  const perAddress = createFailureThrottle(options && enlarged(options), now);
  return {
    take: (address, account) => perAccount.failed(address, account) || perAddress.failed(address),
    refundReview: (address) => perAddress.forgive(address),
    refund(address, account) {
      perAccount.forgive(address, account);
      perAddress.forgive(address);
    },
  };
}

/** The budget of token exchanges, whose accounts are ServiceAccounts. */
export function createReviewBudget(options: ThrottleOptions | undefined, now?: () => number): ReviewBudget {
  const { take, refundReview, refund } = createAccountBudget(options, now);
  return {
    refundReview,
    take: (address, account) => take(address, usernameOf(account)),
    refund: (address, account) => refund(address, usernameOf(account)),
  };
}

function enlarged({ burst, refillSeconds }: ThrottleOptions): ThrottleOptions {
  return { burst: burst * accountsOfAddress, refillSeconds: refillSeconds / accountsOfAddress };
}
