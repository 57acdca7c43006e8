import { describe, expect, it } from 'vitest';
import { claimsFor } from '../../../src/token/claims.ts';
import { claimsOf, foundPair, keyPair, now } from '../../support/builders.ts';

const { ak } = keyPair();
const day = 86_400;
const iat = now / 1000;
const issuer = 'ghippo.io';

describe('claimsFor', () => {
  it('returns exactly these claims', () => {
    expect(claimsOf(foundPair(), 3, { issuer }, now)).toStrictEqual({
      iss: 'ghippo.io',
      sub: 'uid-of-shop-ann',
      preferred_username: 'ann',
      groups: ['dev', 'ops'],
      iat,
      exp: iat + 3 * day,
      client_id: keyPair().ak,
    });
  });

  it('sets aud only if an audience is configured', () => {
    expect(claimsOf(foundPair(), 3, { issuer, audience: 'kpanda' }, now)).toHaveProperty('aud', 'kpanda');
    expect(claimsOf(foundPair(), 3, { issuer, audience: undefined }, now)).not.toHaveProperty('aud');
  });

  it.each([
    ['never', Number.POSITIVE_INFINITY, 30 * day],
    ['later than the token', now + 31 * day * 1000, 30 * day],
    ['with the token', now + 30 * day * 1000, 30 * day],
    ['one second before the token', now + (30 * day - 1) * 1000, 30 * day - 1],
    ['in an hour', now + 3_600_000, 3_600],
    ['in an hour and almost a second', now + 3_600_999, 3_600],
    ['in this second', now + 999, 0],
  ])('limits exp to the expiry of a pair that expires %s', (_, expiresAt, seconds) => {
    expect(claimsOf(foundPair({ expiresAt }), 30, { issuer }, now).exp).toBe(iat + seconds);
  });

  it.each([0, 1, 499, 500, 999])('rounds down to whole seconds, %d ms into a second', (milliseconds) => {
    const claims = claimsOf(foundPair(), 1, { issuer }, now + milliseconds);
    expect([claims.iat, claims.exp]).toEqual([iat, iat + day]);
  });
});

describe('claimsFor, with tokensNotBefore', () => {
  it.each([
    ['in the past', now - 1, 0],
    ['now', now, 0],
    ['in this second', now + 1, 1],
    ['in the next second', now + 1_000, 1],
  ])('%s, never sets iat earlier', (_, tokensNotBefore, seconds) => {
    const { user, expiresAt } = foundPair();
    const subject = { clientId: ak, user, expiresAt, tokensNotBefore };
    const { iat: issuedAt, exp } = claimsFor(subject, { issuer, seconds: 600, now: now + 500 });
    expect([issuedAt, exp]).toEqual([iat + seconds, iat + seconds + 600]);
  });
});
