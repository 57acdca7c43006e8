import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import type { TokenClaims } from '../../../src/token/claims.ts';
import { generateSigningKeys, parseSigningKeys, type SigningKeys } from '../../../src/token/keys/signing-keys.ts';
import { createCachedSign, signToken } from '../../../src/token/sign.ts';
import { keyPolicy } from '../../support/builders.ts';

const claims: TokenClaims = {
  iss: 'ghippo.io',
  sub: 'u1',
  preferred_username: 'ann',
  groups: ['dev'],
  iat: 1000,
  exp: 2000,
  client_id: 'ak',
};
const keys = (kid: string) => ({ active: { kid } }) as unknown as SigningKeys;

/** Records each signature; the test resolves it. */
function createSigning() {
  const waiting: PromiseWithResolvers<string>[] = [];
  const sign = createCachedSign(() => {
    const one = Promise.withResolvers<string>();
    waiting.push(one);
    return one.promise;
  });
  return { sign, waiting };
}

describe('signToken', async () => {
  const signingKeys = await parseSigningKeys(await generateSigningKeys(new Date(), keyPolicy));

  it('signs a JWT that the published keys verify, with exactly this header and these claims', async () => {
    const token = await signToken(claims, signingKeys);
    const [jwk = {}] = signingKeys.jwks.keys;
    const key = await importJWK(jwk, 'RS256');
    const { payload, protectedHeader } = await jwtVerify(token, key, { currentDate: new Date(claims.iat * 1000) });
    expect(protectedHeader).toStrictEqual({ alg: 'RS256', kid: jwk.kid, typ: 'JWT' });
    expect(payload).toStrictEqual(claims);
  });

  it('sets the typ of RFC 9068 for a token with a jti', async () => {
    const token = await signToken({ ...claims, jti: 'x' }, signingKeys);
    expect(decodeProtectedHeader(token).typ).toBe('at+jwt');
  });

  it('returns the same token for the same claims', async () => {
    expect(await signToken(claims, signingKeys)).toBe(await signToken(claims, signingKeys));
  });
});

describe('createCachedSign', () => {
  it('shares one signature among equal claims of the same second', async () => {
    const { sign, waiting } = createSigning();
    const both = [sign(claims, keys('k')), sign({ ...claims, groups: ['dev'] }, keys('k'))];
    waiting[0]?.resolve('token');
    expect(await Promise.all(both)).toEqual(['token', 'token']);
    expect(await sign({ ...claims }, keys('k'))).toBe('token');
    expect(waiting).toHaveLength(1);
  });

  it.each<[string, Partial<TokenClaims>]>([
    ['user', { sub: 'u2' }],
    ['name', { preferred_username: 'bob' }],
    ['groups', { groups: [] }],
    ['order of groups', { groups: ['dev', 'ops'] }],
    ['expiry', { exp: 2001 }],
    ['pair', { client_id: 'ak2' }],
    ['second', { iat: 1001 }],
    ['audience', { aud: 'x' }],
  ])('signs claims with another %s separately', (_, change) => {
    const { sign, waiting } = createSigning();
    void sign(claims, keys('k'));
    void sign({ ...claims, ...change }, keys('k'));
    expect(waiting).toHaveLength(2);
  });

  it('signs again after a key rotation', () => {
    const { sign, waiting } = createSigning();
    void sign(claims, keys('k'));
    void sign(claims, keys('l'));
    expect(waiting).toHaveLength(2);
  });

  it('clears the cache when the second changes', () => {
    const { sign, waiting } = createSigning();
    void sign(claims, keys('k'));
    void sign({ ...claims, iat: 1001 }, keys('k'));
    void sign(claims, keys('k'));
    expect(waiting).toHaveLength(3);
  });

  it('reports a failure to all waiting requests and then signs again', async () => {
    const { sign, waiting } = createSigning();
    const both = [sign(claims, keys('k')), sign(claims, keys('k'))];
    waiting[0]?.reject(new Error('no'));
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    void sign(claims, keys('k'));
    expect(waiting).toHaveLength(2);
  });

  it('limits the number of cached tokens', () => {
    const { sign, waiting } = createSigning();
    for (let index = 0; index < 5000; index += 1) void sign({ ...claims, client_id: `ak${index}` }, keys('k'));
    void sign({ ...claims, client_id: 'ak4999' }, keys('k'));
    expect(waiting).toHaveLength(5000);
    void sign({ ...claims, client_id: 'ak0' }, keys('k'));
    expect(waiting).toHaveLength(5001);
  });

  it('limits the characters of the cached claims', () => {
    const { sign, waiting } = createSigning();
    const groups = Array.from({ length: 16 }, (_, index) => String(index).padEnd(253, 'g'));
    const request = (index: number) => sign({ ...claims, groups, client_id: `ak${index}` }, keys('k'));
    for (let index = 0; index < 4000; index += 1) void request(index);
    void request(3999);
    expect(waiting).toHaveLength(4000);
    void request(3000);
    expect(waiting).toHaveLength(4001);
  });
});
