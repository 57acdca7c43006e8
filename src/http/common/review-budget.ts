import { untilAborted } from '../../kube/time.ts';
import type { ReviewBudget } from '../../token/exchange.ts';
import { createFailureThrottle, keyOfClient, type ThrottleOptions } from './throttle.ts';

/** The limit of an address is this multiple of the limit of an account. */
const accountsPerAddress = 20;
/** How many requests may wait for attempts of one account, or of one address. */
const maxWaiting = 100;
/** How long one request may wait, milliseconds: reviews can take long while the cluster is unavailable. */
const maxWaitMs = 5_000;

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
  const inFlight = createInFlight();

  /** Starts an attempt. @returns 0, or the whole seconds until one is available */
  async function start(address: string, account: string): Promise<number> {
    const [accountKey, addressKey] = keysOf(address, account);
    let limit: AbortSignal | undefined;
    for (;;) {
      const accountSeconds = perAccount.failed(address, account);
      const addressSeconds = accountSeconds > 0 ? 0 : perAddress.failed(address);
      if (accountSeconds + addressSeconds === 0) {
        inFlight.start([accountKey, addressKey]);
        return 0;
      }
      if (addressSeconds > 0) perAccount.forgive(address, account);
      const ended = inFlight.nextEnd(accountSeconds > 0 ? accountKey : addressKey);
      if (!ended || limit?.aborted) return accountSeconds + addressSeconds;
      limit ??= AbortSignal.timeout(maxWaitMs);
      await untilAborted(ended, limit);
    }
  }

  return {
    async attempt({ address, account }, review) {
      const retryAfterSeconds = await start(address, account);
      if (retryAfterSeconds > 0) return { retryAfterSeconds };
      let failed: 'account' | 'both' | undefined;
      try {
        const reviewed = await review();
        failed = reviewed.failed;
        return { result: reviewed.result };
      } finally {
        if (!failed) perAccount.forgive(address, account);
        if (failed !== 'both') perAddress.forgive(address);
        inFlight.end(keysOf(address, account));
      }
    },
  };
}

function keysOf(address: string, account: string): [account: string, address: string] {
  return [keyOfClient(address, account), keyOfClient(address)];
}

function forAddress({ burst, refillSeconds }: ThrottleOptions): ThrottleOptions {
  return { burst: burst * accountsPerAddress, refillSeconds: refillSeconds / accountsPerAddress };
}

/** Attempts in flight, whose end others can wait for. */
function createInFlight() {
  const byKey = new Map<string, { count: number; waiting: number; ended: PromiseWithResolvers<void> }>();
  const next = () => ({ waiting: 0, ended: Promise.withResolvers<void>() });
  return {
    start(keys: readonly string[]): void {
      for (const key of keys) {
        const entry = byKey.get(key);
        byKey.set(key, entry ? { ...entry, count: entry.count + 1 } : { ...next(), count: 1 });
      }
    },
    end(keys: readonly string[]): void {
      for (const key of keys) {
        const { count = 0, ended } = byKey.get(key) ?? {};
        if (count > 1) byKey.set(key, { ...next(), count: count - 1 });
        else byKey.delete(key);
        ended?.resolve();
      }
    },
    /** @returns undefined if no attempt is in flight, or too many wait */
    nextEnd(key: string): Promise<void> | undefined {
      const entry = byKey.get(key);
      if (!entry || entry.waiting >= maxWaiting) return undefined;
      entry.waiting += 1;
      return entry.ended.promise;
    },
  };
}
