import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { inspectToken } from '../../../../src/cli/token/inspect.ts';
import { inspectionText } from '../../../../src/cli/token/inspection-text.ts';

const now = Date.UTC(2026, 10, 29, 12);
const seconds = now / 1000;
const issuer = 'https://keys.example.org';
const claims = { iss: issuer, sub: 'uid', aud: 'shop', iat: seconds - 60, exp: seconds + 3600 };

let keys: JSONWebKeySet;
let sign: (payload: object, header?: object) => Promise<string>;
beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const other = await generateKeyPair('RS256');
  keys = {
    keys: [
      { ...(await exportJWK(publicKey)), kid: 'a', alg: 'ES256' },
      { ...(await exportJWK(other.publicKey)), kid: 'rsa', alg: 'RS256' },
    ],
  };
  sign = (payload, header) =>
    new SignJWT({ ...payload }).setProtectedHeader({ alg: 'ES256', kid: 'a', ...header }).sign(privateKey);
});

const inspect = (token: string, more: object = {}) => inspectToken(token, { keys, issuer, now, ...more });
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('inspectToken', () => {
  it('accepts a valid token', async () => {
    const found = await inspect(await sign(claims), { audience: 'shop' });
    expect(found).toMatchObject({ valid: true, problems: [], claims: { sub: 'uid' }, header: { alg: 'ES256' } });
  });

  it.each([
    [{ exp: seconds - 7200 }, 'it expired 2h ago, at 2026-11-29T10:00:00Z'],
    [{ exp: seconds }, 'it expired 1s ago, at 2026-11-29T12:00:00Z'],
    [{ exp: undefined }, 'it has no expiry (exp)'],
    [{ nbf: seconds + 90 }, 'it is not yet valid: its nbf is in 1m 30s'],
    [{ iat: seconds + 90 }, 'it is not yet valid: its iat is in 1m 30s'],
    [{ iss: 'https://other.example.org' }, 'its issuer is "https://other.example.org", not "https://keys.example.org"'],
    [{ aud: ['a', 'b'] }, 'its audience is "a", "b", not "shop"'],
    [{ aud: undefined }, 'it has no audience, not "shop"'],
  ])('explains %o', async (change, problem) => {
    const { valid, problems } = await inspect(await sign({ ...claims, ...change }), { audience: 'shop' });
    expect(valid).toBe(false);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  it('reports several problems at once', async () => {
    const token = await sign({ ...claims, iss: 'x', exp: seconds - 1 }, { kid: 'gone' });
    expect((await inspect(token)).problems).toHaveLength(3);
  });

  it.each([
    [{ kid: 'gone' }, 'the issuer has no key with the kid "gone": the key was revoked, or another issuer'],
    [{ kid: 'rsa' }, 'its algorithm "ES256" is not that of the key "rsa", which is "RS256"'],
  ])('explains the header %o', async (header, problem) => {
    expect((await inspect(await sign(claims, header))).problems).toEqual([expect.stringContaining(problem)]);
  });

  it.each(['none', 'HS256', 'hs256', undefined])('rejects the algorithm %s', async (alg) => {
    const token = `${encode({ alg, kid: 'a' })}.${encode(claims)}.c2ln`;
    expect((await inspect(token)).problems).toEqual([expect.stringContaining('is not a signature with a public key')]);
  });

  it('explains a wrong signature', async () => {
    const [header, , signature] = (await sign(claims)).split('.');
    const token = `${header}.${encode({ ...claims, sub: 'other' })}.${signature}`;
    expect((await inspect(token)).problems).toEqual([expect.stringContaining('its signature is wrong')]);
  });

  it.each(['', 'opaque', 'a.b.c', 'e30.e30', `${'.'.repeat(5)}`])('explains that %j is not a token', async (text) => {
    const { valid, problems } = await inspect(text);
    expect(valid).toBe(false);
    expect(problems).toHaveLength(1);
  });

  it('accepts any issuer and audience if none is required', async () => {
    expect(await inspectToken(await sign({ ...claims, iss: 'x' }), { keys, now })).toMatchObject({ valid: true });
  });
});

describe('inspectionText', () => {
  const context = { from: `${issuer}/.well-known/jwks.json`, hasIssuer: true, now };

  it('begins with the verdict, and shows the claims', async () => {
    const text = inspectionText(await inspect(await sign({ ...claims, groups: ['a', 'b'] })), context);
    expect(text.split('\n')).toEqual([
      'valid, verified with the keys at https://keys.example.org/.well-known/jwks.json',
      'issuer:     https://keys.example.org',
      'subject:    uid',
      'groups:     a, b',
      'audience:   shop',
      'issued:     2026-11-29T11:59:00Z (1m ago)',
      'expires:    2026-11-29T13:00:00Z (in 1h)',
      'algorithm:  ES256',
      'key:        a',
      '',
    ]);
  });

  it('warns that only the token names its issuer', async () => {
    const text = inspectionText(await inspect(await sign(claims)), { ...context, hasIssuer: false });
    expect(text).toContain('warning: only the token itself names this issuer');
  });

  it('never prints control characters or the signature', async () => {
    const token = await sign({ ...claims, sub: 'a\u001b[31m\nb' });
    const text = inspectionText(await inspect(token), context);
    expect(text).toContain('subject:    a?[31m?b');
    expect(text).not.toContain(token.split('.')[2]);
  });

  it('never prints control characters of the metadata of an issuer', async () => {
    const from = 'https://keys.example.org/\u009b2J';
    expect(inspectionText(await inspect(await sign(claims)), { ...context, from })).toContain('.org/?2J\n');
  });
});
