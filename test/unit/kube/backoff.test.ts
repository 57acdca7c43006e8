import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../src/kube/backoff.ts';

const options = { baseMs: 200, maxMs: 60_000 };

describe('backoffMs', () => {
  it.each([
    [1, 200],
    [2, 400],
    [3, 800],
    [8, 25_600],
    [9, 51_200],
    [10, 60_000],
    [11, 60_000],
    [1_000, 60_000],
    [Number.MAX_SAFE_INTEGER, 60_000],
  ])('after %d failures is between half of and the whole of %d ms', (failures, full) => {
    expect(backoffMs(failures, options, () => 0)).toBe(full / 2);
    expect(backoffMs(failures, options, () => 0.5)).toBe(full * 0.75);
    expect(backoffMs(failures, options, () => 1)).toBe(full);
  });

  it('is bounded from the first on', () => {
    expect(backoffMs(1, { baseMs: 500, maxMs: 100 }, () => 1)).toBe(100);
  });

  it('differs from call to call', () => {
    const delays = new Set(Array.from({ length: 20 }, () => backoffMs(5, options)));
    expect(delays.size).toBeGreaterThan(1);
    for (const delay of delays) expect(delay >= 1_600 && delay <= 3_200).toBe(true);
  });
});
