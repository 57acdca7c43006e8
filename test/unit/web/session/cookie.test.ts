import { describe, expect, test } from 'vitest';
import { joinChunks, splitChunks } from '../../../../src/web/session/cookie.ts';

describe('the chunks of a cookie', () => {
  test.each([0, 1, 3_499, 3_500, 3_501, 9_999])('restore a value of %i characters', (length) => {
    const value = 'x'.repeat(length);
    const chunks = splitChunks(value);
    expect(chunks.every((chunk) => chunk.length <= 3_502)).toBe(true);
    expect(joinChunks(chunks)).toBe(value);
    expect(joinChunks([...chunks, 'stale'])).toBe(value);
  });

  test('restore nothing if one is missing', () => {
    const [first, ...rest] = splitChunks('x'.repeat(8_000));
    expect(joinChunks([first, rest[0], undefined])).toBeUndefined();
    expect(joinChunks([undefined, ...rest])).toBeUndefined();
    expect(joinChunks(['no number'])).toBeUndefined();
  });
});
