import { usernameOf } from '../accesskey/live-service-accounts.ts';
import type { ReviewBudget } from '../token/exchange.ts';
import { createFailureThrottle, type ThrottleOptions } from './throttle.ts';

/** One address may have so many ServiceAccounts fail to the full at the same time. */
const accountsOfAddress = 20;

/**
 * The budget of token exchanges. Each ServiceAccount that is claimed at an address may fail as often as a pair may, and
 * all that are claimed there twenty times as often together: so who claims one shuts out no other behind that address.
 *
 * @param options undefined: nothing is throttled
 * @param now milliseconds, of a clock that only goes forward
 */
export function createReviewBudget(options: ThrottleOptions | undefined, now?: () => number): ReviewBudget {
  const perAccount = createFailureThrottle(options, now);
  const perAddress = createFailureThrottle(options && enlarged(options), now);
  return {
    take: (address, account) => perAccount.failed(address, usernameOf(account)) || perAddress.failed(address),
    giveBackReview: (address) => perAddress.forgive(address),
    giveBack(address, account) {
      perAccount.forgive(address, usernameOf(account));
      perAddress.forgive(address);
    },
  };
}

function enlarged({ burst, refillSeconds }: ThrottleOptions): ThrottleOptions {
  return { burst: burst * accountsOfAddress, refillSeconds: refillSeconds / accountsOfAddress };
}
