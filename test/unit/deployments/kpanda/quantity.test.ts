import { describe, expect, it } from 'vitest';
import { toMilliUnits, toUnits } from '../../../../src/deployments/kpanda/quantity.ts';

describe('toUnits', () => {
  it.each([
    ['0', 0n],
    ['1', 1n],
    ['+1', 1n],
    ['-1', -1n],
    ['1.', 1n],
    ['.5k', 500n],
    ['128974848', 128_974_848n],
    ['129e6', 129_000_000n],
    ['129E6', 129_000_000n],
    ['1.5e+3', 1500n],
    ['5000e-3', 5n],
    ['1k', 1000n],
    ['1M', 10n ** 6n],
    ['1G', 10n ** 9n],
    ['1T', 10n ** 12n],
    ['1P', 10n ** 15n],
    ['1E', 10n ** 18n],
    ['1Ki', 2n ** 10n],
    ['1Mi', 2n ** 20n],
    ['1Gi', 2n ** 30n],
    ['1Ti', 2n ** 40n],
    ['1Pi', 2n ** 50n],
    ['1Ei', 2n ** 60n],
    ['1.5Gi', 1_610_612_736n],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['0.1Ei', 115_292_150_460_684_698n],
    ['1000m', 1n],
    ['1000000u', 1n],
    ['1000000000n', 1n],
  ])('converts %s to %d', (quantity, value) => {
    expect(toUnits(quantity)).toBe(value);
  });

  it.each([
    ['1n', 1n],
    ['1001m', 2n],
    ['0.3Ki', 308n],
    ['-1500m', -2n],
    ['1e-999', 1n],
  ])('rounds %s away from zero to %d', (quantity, value) => {
    expect(toUnits(quantity)).toBe(value);
  });

  it.each([
    '',
    '.',
    '+',
    'Gi',
    '1e',
    '1K',
    '1gi',
    '1 Gi',
    '1,5',
    '0x10',
    'NaN',
    '1e1000',
    '--1',
    '1mi',
    '1Gi\n',
    '1'.repeat(65),
  ])('returns undefined for %j', (quantity) => {
    expect(toUnits(quantity)).toBeUndefined();
  });
});

describe('toMilliUnits', () => {
  it.each([
    ['0.5', 500n],
    ['500m', 500n],
    ['2', 2000n],
    ['0.1', 100n],
    ['1k', 1_000_000n],
    ['250u', 1n],
    ['1000001n', 2n],
    ['1Ki', 1_024_000n],
  ])('converts %s to %d', (quantity, value) => {
    expect(toMilliUnits(quantity)).toBe(value);
  });
});
