import { createTokenBuckets } from '../../kube/token-buckets.ts';
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

/**
 * Creates a token bucket for each address (IPv6: each /64). Only failures are counted: a correct key pair is accepted
 * whatever other clients behind the same address do.
 *
 * @param options undefined: no throttling
 * @param now monotonic clock, milliseconds
 */
export function createFailureThrottle(options: ThrottleOptions | undefined, now?: () => number): FailureThrottle {
  if (!options) return { failed: () => 0, forgive: () => undefined };
  const { burst, refillSeconds } = options;
  const buckets = createTokenBuckets({ burst, refillMs: refillSeconds * 1000, maxBuckets, now });
  return {
    failed(address, account) {
      const waitMs = buckets.take(keyOfClient(address, account));
      return waitMs === 0 ? 0 : Math.max(1, Math.ceil(waitMs / 1000));
    },
    forgive: (address, account) => buckets.giveBack(keyOfClient(address, account)),
  };
}

/** @returns the key of an address, or of an account at it. The space separates: a network contains none */
export function keyOfClient(address: string, account?: string): string {
  return account === undefined ? networkOf(address) : `${networkOf(address)} ${account}`;
}
