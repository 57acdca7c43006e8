import { describe, expect, it } from 'vitest';
import { growthOf } from '../../soak/flatness.ts';

const series = (values: readonly number[]) => growthOf({ name: 'heap', values, slack: 2, share: 0.1 });
const times = (count: number, value: (n: number) => number) => Array.from({ length: count }, (_, n) => value(n));

describe('growthOf', () => {
  it('accepts values that grow in the first half only', () => {
    expect(series(times(40, (n) => Math.min(n, 20)))).toBeUndefined();
  });

  it('reports values that grow over the second half', () => {
    expect(series(times(40, (n) => 100 + 5 * n))).toBe(
      'heap grows: 225 in the third quarter, 275 in the last (limit 250)',
    );
  });

  it('ignores a peak', () => {
    expect(series(times(40, (n) => (n === 35 ? 1_000 : 10)))).toBeUndefined();
  });

  it('accepts growth within share and slack, but no more', () => {
    expect(series([0, 0, 100, 112])).toBeUndefined();
    expect(series([0, 0, 100, 113])).toMatch(/^heap grows/);
  });

  it('reports too few samples', () => {
    expect(series([1, 2, 3])).toBe('heap: too few samples (3)');
  });
});
