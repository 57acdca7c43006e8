import { describe, expect, it } from 'vitest';
import { parseLifetime } from '../../../../src/cli/credential/lifetime.ts';

describe('parseLifetime', () => {
  it.each([
    ['1d', 1],
    ['30d', 30],
    ['72h', 3],
    ['4320m', 3],
    ['24h0m0s', 1],
    ['1d24h', 2],
    ['2d0h', 2],
  ])('%s is %d days', (text, days) => {
    expect(parseLifetime(text)).toBe(days);
  });

  it.each(['0d', '1', '', '-1d', '1e1d', '1d2', 'd', '1w'])('rejects %j', (text) => {
    expect(() => parseLifetime(text)).toThrow('--lifetime: must be a duration, for example 3d or 72h');
  });

  it.each(['31d', '25h', '12h', '90m', '1d12h', '721h'])('explains that the server has whole days: %s', (text) => {
    expect(() => parseLifetime(text)).toThrow('--lifetime: the server issues tokens for whole days, from 1d to 30d');
  });
});
