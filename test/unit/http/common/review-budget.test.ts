import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createReviewBudget } from '../../../../src/http/common/review-budget.ts';

const client = { address: '192.0.2.1', account: 'ann' };
const flush = () => vi.advanceTimersByTimeAsync(0);

/** A budget of two failures of an account. `end` ends the oldest review in flight. */
function createBudget() {
  const budget = createReviewBudget({ burst: 2, refillSeconds: 60 }, () => 0);
  const reviews: PromiseWithResolvers<'both' | 'account' | undefined>[] = [];
  const attempt = (of = client) =>
    budget.attempt(of, async () => {
      const review = Promise.withResolvers<'both' | 'account' | undefined>();
      reviews.push(review);
      return { result: 'reviewed', failed: await review.promise };
    });
  return {
    attempt,
    started: () => reviews.length,
    async end(index: number, failed?: 'both' | 'account') {
      await flush();
      reviews[index]?.resolve(failed);
      await flush();
    },
    async throw(index: number) {
      reviews[index]?.reject(new Error('unavailable'));
      await flush();
    },
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a budget of two failures', () => {
  it('lets a third attempt wait, and start after a success', async () => {
    const { attempt, started, end } = createBudget();
    const all = [attempt(), attempt(), attempt(), attempt()];
    await flush();
    expect(started()).toBe(2);
    await end(1);
    expect(started()).toBe(3);
    for (const index of [0, 2, 3]) await end(index);
    expect(await Promise.all(all)).toEqual(Array(4).fill({ result: 'reviewed' }));
  });

  it('rejects those that wait only once failures have used it up', async () => {
    const { attempt, started, end } = createBudget();
    const [first, second, third] = [attempt(), attempt(), attempt()];
    await end(0, 'both');
    expect(started()).toBe(2);
    await end(1, 'account');
    expect([await first, await second]).toEqual(Array(2).fill({ result: 'reviewed' }));
    expect(await third).toEqual({ retryAfterSeconds: 60 });
    expect(await attempt()).toEqual({ retryAfterSeconds: 60 });
    expect(started()).toBe(2);
  });

  it('does not count a review that throws', async () => {
    const { attempt, started, ...review } = createBudget();
    for (let index = 0; index < 5; index += 1) {
      const failed = expect(attempt()).rejects.toThrow('unavailable');
      await flush();
      await review.throw(index);
      await failed;
    }
    expect(started()).toBe(5);
  });

  it('lets at most 100 attempts wait, for at most five seconds', async () => {
    const { attempt, started } = createBudget();
    const waiting = Array.from({ length: 102 }, () => attempt()).slice(2);
    expect(await attempt()).toEqual({ retryAfterSeconds: 60 });
    // AbortSignal.timeout has no fake timer.
    vi.useRealTimers();
    expect(await Promise.all(waiting)).toEqual(Array(100).fill({ retryAfterSeconds: 60 }));
    expect(started()).toBe(2);
  }, 15_000);

  it('lets the accounts of an address wait for each other beyond twenty times as many', async () => {
    const { attempt, started, end } = createBudget();
    const of = (index: number) => ({ ...client, account: `account-${index}` });
    const all = Array.from({ length: 41 }, (_, index) => attempt(of(index)));
    await flush();
    expect(started()).toBe(40);
    await end(7);
    expect(started()).toBe(41);
    await end(40, 'both');
    expect(await all[40]).toEqual({ result: 'reviewed' });
  });
});
