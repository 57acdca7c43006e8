import { describe, expect, it } from 'vitest';
import { durationMs } from '../../../src/kube/duration.ts';

describe('durationMs', () => {
  it.each([
    ['720h', 2_592_000_000],
    ['1h30m', 5_400_000],
    ['1h0m1s', 3_601_000],
    ['90m', 5_400_000],
    ['45s', 45_000],
    ['0s', 0],
    ['999999h999999m999999s', 999_999 * 3_661_000],
  ])('%s is %d', (text, milliseconds) => {
    expect(durationMs(text)).toBe(milliseconds);
  });

  it.each([undefined, '', '1', 'h', '1d', '1m1h', '-1h', '1.5h', ' 1h', '1h ', '1h\n', '1H', '1ms', '1000000h'])(
    'returns 0 for %j, which is invalid',
    (text) => {
      expect(durationMs(text)).toBe(0);
    },
  );
});
