import { describe, expect, it } from 'vitest';
import { createVerifiedTokens } from '../../../../src/token/keys/verified-tokens.ts';

/** @returns the tokens of these characters that are cached after 10,000 of them were added */
function cachedOf(length: number): string[] {
  const cache = createVerifiedTokens();
  const tokens = Array.from({ length: 10_000 }, (_, index) => String(index).padEnd(length, 'x'));
  for (const token of tokens) cache.add(token, 'issuer', { exp: 2 });
  return tokens.filter((token) => cache.get(token, 'issuer', 1));
}

describe('createVerifiedTokens', () => {
  it('keeps 10,000 tokens of the usual length', () => {
    expect(cachedOf(750)).toHaveLength(10_000);
  });

  it('keeps fewer long tokens, so that they do not fill the memory', () => {
    const cached = cachedOf(6_000);
    expect(cached.length).toBeGreaterThan(1_500);
    expect(cached.length * 6_000).toBeLessThanOrEqual(10_000_000);
  });

  it('finds a token only for what it was verified, and until it expires', () => {
    const cache = createVerifiedTokens();
    cache.add('token', 'issuer', { exp: 2, sub: 'ann' });
    expect(cache.get('token', 'issuer', 1.9)).toEqual({ exp: 2, sub: 'ann' });
    expect(cache.get('token', 'issuer', 2)).toBeUndefined();
    expect(cache.get('token', 'other', 1)).toBeUndefined();
    expect(cache.get('another', 'issuer', 1)).toBeUndefined();
  });
});
