import { describe, expect, test } from 'vitest';
import { formTokenOf, isFormToken, isOwnOrigin } from '../../../../src/web/session/request-checks.ts';
import { deriveKeys } from '../../../../src/web/session/session.ts';

describe('isOwnOrigin', () => {
  const host = 'keys.example.org';
  test.each([
    [{ origin: 'null', fetchSite: 'same-origin', host }, true],
    [{ origin: undefined, fetchSite: 'same-origin', host }, true],
    [{ origin: 'https://keys.example.org', fetchSite: undefined, host }, true],
    [{ origin: 'https://keys.example.org', fetchSite: 'same-origin', host }, true],
    [{ origin: 'https://keys.example.org', fetchSite: undefined, host: 'KEYS.example.org:443' }, true],
    [{ origin: 'http://keys.example.org', fetchSite: undefined, host }, false],
    [{ origin: 'https://keys.example.org:8443', fetchSite: undefined, host }, false],
    [{ origin: 'https://keys.example.org', fetchSite: undefined, host: undefined }, false],
    [{ origin: 'null', fetchSite: undefined, host }, false],
    [{ origin: undefined, fetchSite: undefined, host }, false],
    [{ origin: 'https://evil.example', fetchSite: undefined, host }, false],
    [{ origin: 'https://evil.example', fetchSite: 'same-origin', host }, false],
    [{ origin: 'null', fetchSite: 'cross-site', host }, false],
    [{ origin: 'null', fetchSite: 'same-site', host }, false],
    [{ origin: 'null', fetchSite: 'none', host }, false],
  ])('for %o is %s', (request, isOwn) =>
    expect(isOwnOrigin(request, { publicOrigin: undefined, secure: true })).toBe(isOwn),
  );

  test('compares the scheme with http without TLS', () => {
    const own = { publicOrigin: undefined, secure: false };
    const request = { origin: 'http://keys.example.org', fetchSite: undefined, host };
    expect(isOwnOrigin(request, own)).toBe(true);
    expect(isOwnOrigin({ ...request, origin: 'https://keys.example.org' }, own)).toBe(false);
    // Behind a proxy that terminates TLS.
    expect(isOwnOrigin({ origin: 'https://keys.example.org', fetchSite: 'same-origin', host }, own)).toBe(true);
  });

  test('compares with the public origin if it is configured', () => {
    const own = { publicOrigin: 'https://keys.example.org', secure: true };
    const request = { origin: 'https://keys.example.org', fetchSite: undefined, host: 'inner:8080' };
    expect(isOwnOrigin(request, own)).toBe(true);
    expect(isOwnOrigin({ ...request, origin: 'http://inner:8080' }, own)).toBe(false);
  });
});

test('a form token is valid for its session and keys only', () => {
  const keys = deriveKeys(Buffer.alloc(32, 1));
  const token = formTokenOf('a', keys);
  expect(isFormToken(token, 'a', keys)).toBe(true);
  expect(isFormToken(token, 'b', keys)).toBe(false);
  expect(isFormToken(token, 'a', deriveKeys(Buffer.alloc(32, 2)))).toBe(false);
  for (const wrong of [undefined, '', `${token}x`, token.slice(1)]) expect(isFormToken(wrong, 'a', keys)).toBe(false);
});
