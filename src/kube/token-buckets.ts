import { LRUCache } from 'lru-cache';

export interface TokenBucketOptions {
  /** Tokens of a full bucket. */
  burst: number;
  /** Milliseconds until one token is added. */
  refillMs: number;
  /** Most buckets; the least recently used one is evicted, and would be full again. */
  maxBuckets: number;
  /** Monotonic clock, milliseconds. */
  now?: (() => number) | undefined;
}

/** Token buckets by key; a new one is full. */
export interface TokenBuckets {
  /** Takes a token. @returns 0, or if there is none the milliseconds until there is */
  take(key: string): number;
  /** Returns a token that was taken. */
  giveBack(key: string): void;
}

interface Bucket {
  tokens: number;
  at: number;
}

export function createTokenBuckets(options: TokenBucketOptions): TokenBuckets {
  const { burst, refillMs, maxBuckets, now = () => performance.now() } = options;
  const buckets = new LRUCache<string, Bucket>({ max: maxBuckets });

  function tokensOf(key: string, at: number): number {
    const bucket = buckets.get(key);
    return bucket ? Math.min(burst, bucket.tokens + (at - bucket.at) / refillMs) : burst;
  }

  return {
    take(key) {
      const at = now();
      const tokens = tokensOf(key, at);
      const isTaken = tokens >= 1;
      buckets.set(key, { tokens: isTaken ? tokens - 1 : tokens, at });
      return isTaken ? 0 : Math.max(1, Math.round((1 - tokens) * refillMs));
    },
    giveBack(key) {
      const at = now();
      buckets.set(key, { tokens: Math.min(burst, tokensOf(key, at) + 1), at });
    },
  };
}
