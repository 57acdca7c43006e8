import { describe, expect, it } from 'vitest';
import { parseRequestTimeout } from '../../../../src/cli/common/duration.ts';

describe('parseRequestTimeout', () => {
  it.each([
    ['0', 0],
    ['0s', 0],
    ['30', 30_000],
    ['30s', 30_000],
    ['500ms', 500],
    ['1.5s', 1500],
    ['1m30s', 90_000],
    ['1h1m1s1ms', 3_661_001],
    ['20us', 1],
    ['596h', 2_145_600_000],
  ])('accepts what kubectl accepts: %s', (text, ms) => {
    expect(parseRequestTimeout(text)).toBe(ms);
  });

  it.each(['', 's', '.s', '1.2.3s', '-1s', '1d', '30 s', '1s2', '597h', '1e3s'])('rejects %j', (text) => {
    expect(() => parseRequestTimeout(text)).toThrow('Must be a duration in hours');
  });
});
