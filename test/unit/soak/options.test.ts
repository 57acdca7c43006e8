import { describe, expect, it } from 'vitest';
import { readOptions } from '../../soak/options.ts';

describe('the options of the soak test', () => {
  it('have defaults', () => {
    expect(readOptions([])).toEqual({
      minutes: 60,
      accessKeys: 5_000,
      tokensPerSecond: 200,
      streams: 20,
      quietSeconds: 60,
    });
  });

  it('can be set', () => {
    expect(readOptions(['--minutes', '0.5', '--access-keys', '100', '--streams', '0'])).toMatchObject({
      minutes: 0.5,
      accessKeys: 100,
      streams: 0,
    });
    expect(readOptions(['--help'])).toBe('help');
  });

  it.each([
    [['--minutes', '0'], '--minutes must be a number above 0, not "0"'],
    [['--minutes', 'x'], '--minutes must be a number above 0, not "x"'],
    [['--access-keys', '99'], '--access-keys must be a whole number of at least 100, not "99"'],
    [['--streams', '1.5'], '--streams must be a whole number of at least 0, not "1.5"'],
  ])('reject %j', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });

  it('reject an unknown option', () => {
    expect(() => readOptions(['--hours', '1'])).toThrow('--hours');
  });
});
