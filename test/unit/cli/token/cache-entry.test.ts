import { describe, expect, it } from 'vitest';
import { cacheFileName, formatEntry, isFresh, isUsable, parseEntry } from '../../../../src/cli/token/cache-entry.ts';

const issuedAt = 1_800_000_000_000;
const minute = 60_000;
const issued = { token: 'e30.e30.c2ln', issuedAt, expiresAt: issuedAt + 30 * minute };

describe('isFresh', () => {
  it.each([
    ['new', 0, true],
    ['before the last five minutes', 25 * minute - 1, true],
    ['in the last five minutes', 25 * minute, false],
    ['expired', 31 * minute, false],
    ['from a clock that is a little ahead', -4_000, true],
    ['from the future', -minute, false],
  ])('a token that is %s', (_, age, expected) => {
    expect(isFresh(issued, issuedAt + age)).toBe(expected);
  });

  it('replaces a short token in the last fifth of its lifetime', () => {
    const short = { ...issued, expiresAt: issuedAt + 10 * minute };
    expect([8 * minute - 1, 8 * minute].map((age) => isFresh(short, issuedAt + age))).toEqual([true, false]);
  });

  it('replaces a long token after an hour, because it may have been revoked', () => {
    const long = { ...issued, expiresAt: issuedAt + 3 * 24 * 60 * minute };
    expect([60 * minute - 1, 60 * minute].map((age) => isFresh(long, issuedAt + age))).toEqual([true, false]);
  });
});

describe('isUsable', () => {
  it('rejects a token from the future, whose expiry is unknown', () => {
    expect([-4_000, -minute].map((age) => isUsable(issued, issuedAt + age))).toEqual([true, false]);
  });

  it('ends five seconds before the token expires', () => {
    expect([-5001, -5000, 0].map((offset) => isUsable(issued, issued.expiresAt + offset))).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('parseEntry', () => {
  it('reads what was written', () => {
    expect(parseEntry(formatEntry(issued))).toEqual(issued);
  });

  it.each([
    '',
    'null',
    '[]',
    '{',
    JSON.stringify({ ...issued, version: 2 }),
    JSON.stringify(issued),
    JSON.stringify({ ...issued, version: 1, expiresAt: 'soon' }),
    JSON.stringify({ ...issued, version: 1, token: 'a\nb' }),
    formatEntry(issued).slice(0, 40),
  ])('ignores %s', (text) => {
    expect(parseEntry(text)).toBeUndefined();
  });
});

describe('cacheFileName', () => {
  it('differs for every part of the key, and contains none of them', () => {
    const key = { server: 'https://keys.example.org', identity: 'ak' };
    const keys = [
      key,
      { ...key, audience: 'a' },
      { ...key, days: 1 },
      { ...key, identity: 'b' },
      { ...key, server: 'c' },
    ];
    const names = keys.map(cacheFileName);
    expect(new Set(names).size).toBe(keys.length);
    expect(names.every((name) => /^[0-9a-f]{64}\.json$/.test(name))).toBe(true);
  });
});
