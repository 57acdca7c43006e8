import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRefreshed, type RefreshedOptions } from '../../../src/outbound/refreshed.ts';

const freshMs = 10_000;
const retryMs = 100;
const stale = { maxMs: 50_000, outageMs: 1_000 };

/** A value that counts the loads; they fail while `error` is set, and wait while `gate` is. */
function setUp(options: Partial<RefreshedOptions<number>> = {}) {
  const state: { now: number; loads: number; error?: Error; gate?: Promise<void> } = { now: 0, loads: 0 };
  const get = createRefreshed({
    ...{ freshMs, retryMs, now: () => state.now },
    load: async (previous = 0) => {
      state.loads += 1;
      const { error } = state;
      await state.gate;
      if (error) throw error;
      return previous + 1;
    },
    ...options,
  });
  return { state, get };
}

afterEach(() => void vi.restoreAllMocks());

describe.each([
  ['with limits of a stale value', stale],
  ['without them', undefined],
])('a value %s', (_, limits) => {
  it('is loaded once for concurrent callers, and used while it is fresh', async () => {
    const { state, get } = setUp({ stale: limits });
    expect(await Promise.all([get(), get()])).toEqual([1, 1]);
    state.now = freshMs - 1;
    expect([await get(), state.loads]).toEqual([1, 1]);
  });

  it('that cannot be loaded is not loaded again for a while', async () => {
    const { state, get } = setUp({ stale: limits });
    state.error = new Error('down');
    await expect(Promise.all([get(), get()])).rejects.toBe(state.error);
    state.now = retryMs - 1;
    await expect(get()).rejects.toBe(state.error);
    expect(state.loads).toBe(1);
    delete state.error;
    state.now = retryMs;
    expect([await get(), state.loads]).toEqual([1, 2]);
  });

  it('is loaded again by time that passes, not by the clock of the machine', async () => {
    const { state, get } = setUp({ stale: limits, now: undefined });
    const clock = vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
    const monotonic = vi.spyOn(performance, 'now').mockReturnValue(0);
    state.error = new Error('down');
    await expect(get()).rejects.toThrow('down');
    delete state.error;
    clock.mockReturnValue(0);
    monotonic.mockReturnValue(retryMs);
    expect([await get(), state.loads]).toEqual([1, 2]);
    clock.mockReturnValue(2_000_000);
    expect([await get(), state.loads]).toEqual([1, 2]);
    clock.mockReturnValue(0);
    monotonic.mockReturnValue(retryMs + freshMs);
    await get();
    expect(state.loads).toBe(3);
  });
});

describe('a stale value with limits', () => {
  it('is loaded again before it is used', async () => {
    const { state, get } = setUp({ stale });
    await get();
    state.now = 10 * stale.maxMs;
    expect(await Promise.all([get(), get()])).toEqual([2, 2]);
  });

  it('is used up to its limit while it cannot be loaded', async () => {
    const { state, get } = setUp({ stale });
    await get();
    state.error = new Error('down');
    for (const now of [freshMs, freshMs + 1, stale.maxMs - 1]) {
      state.now = now;
      expect(await get()).toBe(1);
    }
    state.now = stale.maxMs;
    await expect(get()).rejects.toBe(state.error);
  });

  it('does not wait for an attempt shortly after a failed one', async () => {
    const { state, get } = setUp({ stale });
    await get();
    state.error = new Error('down');
    state.now = freshMs;
    await get();
    state.now += retryMs;
    state.gate = new Promise(() => undefined);
    expect([await get(), state.loads]).toEqual([1, 3]);
  });

  it('waits for the attempt if the last failure was long ago', async () => {
    const { state, get } = setUp({ stale });
    await get();
    state.error = new Error('down');
    state.now = freshMs;
    await get();
    delete state.error;
    state.now += stale.outageMs;
    expect(await get()).toBe(2);
  });
});

describe('a stale value without limits', () => {
  it('is used at any age, and loaded again in the background', async () => {
    const { state, get } = setUp();
    await get();
    state.now = 1_000 * freshMs;
    expect(await Promise.all([get(), get()])).toEqual([1, 1]);
    expect([await get(), state.loads]).toEqual([2, 2]);
  });

  it('is used while it cannot be loaded', async () => {
    const { state, get } = setUp();
    await get();
    state.error = new Error('down');
    state.now = freshMs;
    await get();
    expect([await get(), state.loads]).toEqual([1, 2]);
  });
});

it('is as old as the attempt that loaded it', async () => {
  const { state, get } = setUp({ stale });
  const { promise, resolve } = Promise.withResolvers<void>();
  state.gate = promise;
  const first = get();
  state.now = freshMs;
  resolve();
  delete state.gate;
  expect(await first).toBe(1);
  expect(await get()).toBe(2);
});
