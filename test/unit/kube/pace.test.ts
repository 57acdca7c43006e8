import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { charged, createPace, paced } from '../../../src/kube/pace.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** @returns a function that says whether the turn has come after so many milliseconds */
function waiting(turn: Promise<void>) {
  let isOver = false;
  void turn.then(() => {
    isOver = true;
  });
  return async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms);
    return isOver;
  };
}

/** Work that takes this time, milliseconds. */
const work = (ms: number) => void vi.advanceTimersByTime(ms);

describe('the pace of an API server', () => {
  it('lets short work go on at once', async () => {
    const pace = createPace();
    pace.spent(9);
    await pace.turn();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets other work of the process run after 10 ms', async () => {
    const pace = createPace();
    pace.spent(10);
    const isOver = waiting(pace.turn());
    expect(vi.getTimerCount()).toBe(1);
    expect(await isOver(1)).toBe(true);
  });

  it('allows ten seconds at once, and a tenth of the time from then on', async () => {
    const pace = createPace();
    pace.spent(10_000);
    expect(await waiting(pace.turn())(1)).toBe(true);
    for (let times = 1; times <= 3; times += 1) {
      pace.spent(100);
      const isOver = waiting(pace.turn());
      expect(await isOver(990)).toBe(false);
      expect(await isOver(10)).toBe(true);
    }
  });

  it('allows ten seconds at once again after 100 seconds', async () => {
    const pace = createPace();
    pace.spent(10_000);
    await vi.advanceTimersByTimeAsync(200_000);
    pace.spent(10_000);
    expect(await waiting(pace.turn())(1)).toBe(true);
    pace.spent(100);
    expect(await waiting(pace.turn())(980)).toBe(false);
  });

  it('ends the wait when the signal aborts', async () => {
    const pace = createPace();
    pace.spent(60_000);
    const stop = new AbortController();
    const isOver = waiting(pace.turn(stop.signal));
    expect(await isOver(1_000)).toBe(false);
    stop.abort();
    expect(await isOver(0)).toBe(true);
  });

  it('counts the work of a consumer, also if it fails', async () => {
    const spent: number[] = [];
    const pace = { spent: (ms: number) => void spent.push(ms), turn: async () => undefined };
    async function* items() {
      yield* [20, 30, 40];
    }
    async function consume() {
      for await (const ms of paced(items(), pace)) {
        work(ms);
        if (ms === 30) throw new Error('malformed');
      }
    }
    await expect(consume()).rejects.toThrow('malformed');
    const failing = () => {
      work(7);
      throw new Error('malformed');
    };
    expect(() => charged(pace, failing)).toThrow('malformed');
    expect(spent).toEqual([20, 30, 7]);
  });
});
