import { describe, expect, it } from 'vitest';
import type { TokenClaims } from '../../../src/token/issue.ts';
import type { SigningKeys } from '../../../src/token/keys/signing-keys.ts';
import { createCachedSign } from '../../../src/token/sign.ts';

const claims: TokenClaims = {
  ...{ iss: 'ghippo.io', sub: 'u1', preferred_username: 'ann', groups: ['dev'] },
  ...{ iat: 1000, exp: 2000, client_id: 'ak' },
};
const keys = (kid: string) => ({ active: { kid } }) as unknown as SigningKeys;

/** Signing that counts, and answers when the test says so. */
function createSigning() {
  const waiting: PromiseWithResolvers<string>[] = [];
  const sign = createCachedSign(() => {
    const one = Promise.withResolvers<string>();
    waiting.push(one);
    return one.promise;
  });
  return { sign, waiting };
}

describe('createCachedSign', () => {
  it('gives equal requests in flight, and later ones of the same second, one signature', async () => {
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
  ])('never shares between claims of another %s', (_, change) => {
    const { sign, waiting } = createSigning();
    void sign(claims, keys('k'));
    void sign({ ...claims, ...change }, keys('k'));
    expect(waiting).toHaveLength(2);
  });

  it('never shares between keys, so that a rotation is in force at once', () => {
    const { sign, waiting } = createSigning();
    void sign(claims, keys('k'));
    void sign(claims, keys('l'));
    expect(waiting).toHaveLength(2);
  });

  it('forgets what was signed in another second', () => {
    const { sign, waiting } = createSigning();
    void sign(claims, keys('k'));
    void sign({ ...claims, iat: 1001 }, keys('k'));
    void sign(claims, keys('k'));
    expect(waiting).toHaveLength(3);
  });

  it('tells both of a failure, and tries anew', async () => {
    const { sign, waiting } = createSigning();
    const both = [sign(claims, keys('k')), sign(claims, keys('k'))];
    waiting[0]?.reject(new Error('no'));
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    void sign(claims, keys('k'));
    expect(waiting).toHaveLength(2);
  });

  it('keeps a bounded number', () => {
    const { sign, waiting } = createSigning();
    for (let index = 0; index < 5000; index += 1) void sign({ ...claims, client_id: `ak${index}` }, keys('k'));
    void sign({ ...claims, client_id: 'ak4999' }, keys('k'));
    expect(waiting).toHaveLength(5000);
    void sign({ ...claims, client_id: 'ak0' }, keys('k'));
    expect(waiting).toHaveLength(5001);
  });
});
