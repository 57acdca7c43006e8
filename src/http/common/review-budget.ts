import type { ReviewBudget } from '../../token/exchange.ts';
import { createFailureThrottle, type ThrottleOptions } from './throttle.ts';

/** The limit of an address is this multiple of the limit of an account. */
const accountsPerAddress = 20;

/**
 * Limits each account at an address, and all accounts at that address together to twenty times as many failures, so
 * that failures of one account do not block other accounts behind the same address.
 *
 * @param options limits of one account; undefined: no throttling
 * @param now monotonic clock, milliseconds
 */
export function createReviewBudget(options: ThrottleOptions | undefined, now?: () => number): ReviewBudget {
  const perAccount = createFailureThrottle(options, now);
  const perAddress = createFailureThrottle(options && forAddress(options), now);
  return {
    take: (address, account) => perAccount.failed(address, account) || perAddress.failed(address),
    refundAddress: (address) => perAddress.forgive(address),
    refund(address, account) {
      perAccount.forgive(address, account);
      perAddress.forgive(address);
    },
  };
}

function forAddress({ burst, refillSeconds }: ThrottleOptions): ThrottleOptions {
  return { burst: burst * accountsPerAddress, refillSeconds: refillSeconds / accountsPerAddress };
}
