import { describe, expect, test } from 'vitest';
import { claimedAccount, expiryOfToken, isToken } from '../../../../src/web/session/identity.ts';

describe('isToken', () => {
  test.each([
    ['eyJh.eyJz.c2ln', true],
    ['static-token', true],
    ['with blank', false],
    ['line\nbreak', false],
    ['ä', false],
    ['', false],
    ['x'.repeat(8_193), false],
  ])('for %o is %s', (text, expected) => expect(isToken(text)).toBe(expected));
});

test('expiryOfToken reads the claim exp', () => {
  const jwt = (claims: unknown) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`;
  expect(expiryOfToken(jwt({ exp: 5 }))).toBe(5000);
  for (const other of ['opaque', 'a.b.c', jwt({}), jwt(null), jwt({ exp: '5' })]) {
    expect(expiryOfToken(other)).toBe(Number.POSITIVE_INFINITY);
  }
});

test('claimedAccount is the same for all tokens with one issuer and subject', () => {
  const jwt = (claims: unknown, signature = 'y') =>
    `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
  const ann = claimedAccount(jwt({ iss: 'a', sub: 'ann', exp: 1 }));
  expect(claimedAccount(jwt({ iss: 'a', sub: 'ann', exp: 2 }, 'z'))).toBe(ann);
  const others = [
    jwt({ iss: 'b', sub: 'ann' }),
    jwt({ iss: 'a', sub: 'bob' }),
    jwt(null),
    jwt([]),
    jwt({ sub: {} }),
    'q',
    'x.y',
  ];
  expect(new Set([ann, ...others.map(claimedAccount)]).size).toBe(others.length + 1);
});
