import { LRUCache } from 'lru-cache';
import { networkOf } from './client-address.ts';

export interface ThrottleOptions {
  /** So many failures at once. */
  burst: number;
  /** And one more in each so many seconds. */
  refillSeconds: number;
}

/** Keeps account of failed attempts by address, or by address and account. */
export interface FailureThrottle {
  /**
   * Notes a failed attempt.
   *
   * @param account what the attempt was for, when each has a budget of its own at an address
   * @returns 0 while the address is within its budget, else the whole seconds until it has some again
   */
  failed(address: string, account?: string): number;
  /** Takes one failure back: what was noted before it was known did not fail. */
  forgive(address: string, account?: string): void;
}

/** Bound of budgets that are kept; whoever is forgotten begins with a full budget. */
const maxBuckets = 10_000;

interface Bucket {
  failuresLeft: number;
  /** Milliseconds. */
  at: number;
}

/**
 * A token bucket for each address (IPv6: each /64), for failures only: who has the right pair is answered whatever others
 * behind the same address do.
 *
 * @param options undefined: nothing is throttled
 * @param now milliseconds, of a clock that only goes forward
 */
export function createFailureThrottle(
  options: ThrottleOptions | undefined,
  now: () => number = () => performance.now(),
): FailureThrottle {
  if (!options) return { failed: () => 0, forgive: () => undefined };
  const { burst, refillSeconds } = options;
  const buckets = new LRUCache<string, Bucket>({ max: maxBuckets });

  function bucketOf(key: string): Bucket {
    const at = now();
    const known = buckets.get(key);
    if (!known) return { failuresLeft: burst, at };
    const refilled = (at - known.at) / 1000 / refillSeconds;
    return { failuresLeft: Math.min(burst, known.failuresLeft + refilled), at };
  }

  const waitFor = ({ failuresLeft }: Bucket) => Math.max(1, Math.ceil((1 - failuresLeft) * refillSeconds));

  return {
    failed(address, account) {
      const key = keyOf(address, account);
      const bucket = bucketOf(key);
      const within = bucket.failuresLeft >= 1;
      if (within) bucket.failuresLeft -= 1;
      buckets.set(key, bucket);
      return within ? 0 : waitFor(bucket);
    },
    forgive(address, account) {
      const key = keyOf(address, account);
      const { failuresLeft, at } = bucketOf(key);
      buckets.set(key, { failuresLeft: Math.min(burst, failuresLeft + 1), at });
    },
  };
}

/** A network has no space in it. */
function keyOf(address: string, account?: string): string {
  return account === undefined ? networkOf(address) : `${networkOf(address)} ${account}`;
}
