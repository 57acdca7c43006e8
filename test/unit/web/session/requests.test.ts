import { describe, expect, test } from 'vitest';
import { formTokenOf, isFormToken, isOwnOrigin } from '../../../../src/web/session/form-token.ts';
import { claimedAccount, expiryOfToken, isToken } from '../../../../src/web/session/identity.ts';
import { homePath, returnPath } from '../../../../src/web/session/return-path.ts';
import { deriveKeys } from '../../../../src/web/session/session.ts';

describe('the page to come back to', () => {
  test.each([
    '/deployments',
    '/deployments?search=web&page=2',
    '/personal-center/access-keys/ci/rotate',
    '/personal-center/profile',
  ])('may be %s', (path) => expect(returnPath(path)).toBe(path));

  test.each([
    undefined,
    '',
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/%5cevil.example',
    '/\tevil.example',
    ' //evil.example',
    'javascript:alert(1)',
    '/personal-center@evil.example',
    '/personal-center/..//evil.example',
    '/logout',
    '/apis/ghippo.io/v1alpha1/token',
    '/deployments#x',
    '/deployments?next=https://evil.example\r\nSet-Cookie: a=b',
  ])('is not %o', (path) => expect(returnPath(path)).toBe(homePath));
});

describe('where a form comes from', () => {
  const host = 'keys.example.org';
  test.each([
    [{ origin: 'null', fetchSite: 'same-origin', host }, true],
    [{ origin: undefined, fetchSite: 'same-origin', host }, true],
    [{ origin: 'https://keys.example.org', fetchSite: undefined, host }, true],
    [{ origin: 'https://keys.example.org', fetchSite: 'same-origin', host }, true],
    [{ origin: 'null', fetchSite: undefined, host }, false],
    [{ origin: undefined, fetchSite: undefined, host }, false],
    [{ origin: 'https://evil.example', fetchSite: undefined, host }, false],
    [{ origin: 'https://evil.example', fetchSite: 'same-origin', host }, false],
    [{ origin: 'null', fetchSite: 'cross-site', host }, false],
    [{ origin: 'null', fetchSite: 'same-site', host }, false],
    [{ origin: 'null', fetchSite: 'none', host }, false],
  ])('%o: %s', (request, isOwn) => expect(isOwnOrigin(request)).toBe(isOwn));

  test('is the public origin when that is configured', () => {
    const request = { origin: 'https://keys.example.org', fetchSite: undefined, host: 'inner:8080' };
    expect(isOwnOrigin(request, 'https://keys.example.org')).toBe(true);
    expect(isOwnOrigin({ ...request, origin: 'http://inner:8080' }, 'https://keys.example.org')).toBe(false);
  });
});

test('a form token is of its session and its keys only', () => {
  const keys = deriveKeys(Buffer.alloc(32, 1));
  const token = formTokenOf('a', keys);
  expect(isFormToken(token, 'a', keys)).toBe(true);
  expect(isFormToken(token, 'b', keys)).toBe(false);
  expect(isFormToken(token, 'a', deriveKeys(Buffer.alloc(32, 2)))).toBe(false);
  for (const wrong of [undefined, '', `${token}x`, token.slice(1)]) expect(isFormToken(wrong, 'a', keys)).toBe(false);
});

describe('a token', () => {
  test.each([
    ['eyJh.eyJz.c2ln', true],
    ['static-token', true],
    ['with blank', false],
    ['line\nbreak', false],
    ['ä', false],
    ['', false],
    ['x'.repeat(8_193), false],
  ])('%o: %s', (text, expected) => expect(isToken(text)).toBe(expected));

  test('runs out when its exp says so', () => {
    const jwt = (claims: unknown) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`;
    expect(expiryOfToken(jwt({ exp: 5 }))).toBe(5000);
    for (const other of ['opaque', 'a.b.c', jwt({}), jwt(null), jwt({ exp: '5' })]) {
      expect(expiryOfToken(other)).toBe(Number.POSITIVE_INFINITY);
    }
  });
});

test('failures are counted by whom a token claims to be of', () => {
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
