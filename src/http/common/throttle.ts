import { LRUCache } from 'lru-cache';
import { networkOf } from './client-address.ts';

export interface ThrottleOptions {
  /** Maximum number of failures in a burst. */
  burst: number;
  /** Seconds until one more failure is allowed. */
  refillSeconds: number;
}

/** Counts failed attempts per address, or per address and account. */
export interface FailureThrottle {
  /**
   * Records a failed attempt.
   *
   * @param account counted separately at each address, if set
   * @returns 0 if the failure is within the limit, otherwise the whole seconds until the next attempt
   */
  failed(address: string, account?: string): number;
  /** Removes a recorded failure, because the attempt succeeded. */
  forgive(address: string, account?: string): void;
}

/** Maximum number of buckets; an evicted client starts with a full bucket. */
const maxBuckets = 10_000;

interface Bucket {
  failuresLeft: number;
  /** Milliseconds. */
  at: number;
}

/**
 * Creates a token bucket for each address (IPv6: each /64). Only failures are counted: a correct key pair is accepted
 * whatever other clients behind the same address do.
 *
 * @param options undefined: no throttling
 * @param now monotonic clock, milliseconds
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
    const bucket = buckets.get(key);
    if (!bucket) return { failuresLeft: burst, at };
    const refilled = (at - bucket.at) / 1000 / refillSeconds;
    return { failuresLeft: Math.min(burst, bucket.failuresLeft + refilled), at };
  }

  const waitFor = ({ failuresLeft }: Bucket) => Math.max(1, Math.ceil((1 - failuresLeft) * refillSeconds));

  return {
    failed(address, account) {
      const key = keyOf(address, account);
      const bucket = bucketOf(key);
      const isWithinLimit = bucket.failuresLeft >= 1;
      if (isWithinLimit) bucket.failuresLeft -= 1;
      buckets.set(key, bucket);
      return isWithinLimit ? 0 : waitFor(bucket);
    },
    forgive(address, account) {
      const key = keyOf(address, account);
      const { failuresLeft, at } = bucketOf(key);
      buckets.set(key, { failuresLeft: Math.min(burst, failuresLeft + 1), at });
    },
  };
}

/** The space separates unambiguously: a network contains none. */
function keyOf(address: string, account?: string): string {
  return account === undefined ? networkOf(address) : `${networkOf(address)} ${account}`;
}
