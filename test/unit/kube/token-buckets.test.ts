import { describe, expect, it } from 'vitest';
import { createTokenBuckets } from '../../../src/kube/token-buckets.ts';

/** Buckets of three tokens, refilled every second, with a fake clock. */
function createBuckets(maxBuckets = 10) {
  let time = 0;
  const buckets = createTokenBuckets({ burst: 3, refillMs: 1_000, maxBuckets, now: () => time });
  return {
    ...buckets,
    pass: (ms: number) => {
      time += ms;
    },
    take: (times: number, key = 'a') => Array.from({ length: times }, () => buckets.take(key)),
  };
}

describe('a token bucket', () => {
  it('gives a burst, then the time until the next token', () => {
    const { take, pass } = createBuckets();
    expect(take(5)).toEqual([0, 0, 0, 1000, 1000]);
    pass(750);
    expect(take(1)).toEqual([250]);
    pass(250);
    expect(take(2)).toEqual([0, 1000]);
  });

  it('never has more tokens than the burst', () => {
    const { take, pass, giveBack } = createBuckets();
    pass(60_000);
    giveBack('a');
    expect(take(4)).toEqual([0, 0, 0, 1000]);
  });

  it('takes back a token', () => {
    const { take, giveBack } = createBuckets();
    take(3);
    giveBack('a');
    expect(take(2)).toEqual([0, 1000]);
  });

  it('is separate for each key, and the least recently used one is evicted', () => {
    const { take } = createBuckets(2);
    for (const key of ['a', 'b']) take(3, key);
    expect(take(1)).toEqual([1000]);
    take(1, 'c');
    expect(take(1)).toEqual([1000]);
    expect(take(1, 'b')).toEqual([0]);
  });
});
