import { describe, expect, it } from 'vitest';
import { candidate, claimsOf, keyPair, now } from '../../support/builders.ts';

const day = 86_400;
const iat = now / 1000;
const issuer = 'ghippo.io';

describe('claimsFor, of a pair', () => {
  it('has exactly these claims', () => {
    expect(claimsOf(candidate(), 3, { issuer }, now)).toStrictEqual({
      iss: 'ghippo.io',
      sub: 'uid-of-shop-ann',
      preferred_username: 'ann',
      groups: ['dev', 'ops'],
      iat,
      exp: iat + 3 * day,
      client_id: keyPair().ak,
    });
  });

  it('has aud only when an audience is configured', () => {
    expect(claimsOf(candidate(), 3, { issuer, audience: 'kpanda' }, now)).toHaveProperty('aud', 'kpanda');
    expect(claimsOf(candidate(), 3, { issuer, audience: undefined }, now)).not.toHaveProperty('aud');
  });

  it.each([
    ['never', Number.POSITIVE_INFINITY, 30 * day],
    ['later than the token', now + 31 * day * 1000, 30 * day],
    ['with the token', now + 30 * day * 1000, 30 * day],
    ['one second before the token', now + (30 * day - 1) * 1000, 30 * day - 1],
    ['in an hour', now + 3_600_000, 3_600],
    ['in an hour and almost a second', now + 3_600_999, 3_600],
    ['in this second', now + 999, 0],
  ])('exp never passes the expiry of a pair that expires %s', (_, expiresAt, seconds) => {
    expect(claimsOf(candidate({ expiresAt }), 30, { issuer }, now).exp).toBe(iat + seconds);
  });

  it.each([0, 1, 499, 500, 999])('tells whole seconds, %d ms into one', (milliseconds) => {
    const claims = claimsOf(candidate(), 1, { issuer }, now + milliseconds);
    expect([claims.iat, claims.exp]).toEqual([iat, iat + day]);
  });
});
