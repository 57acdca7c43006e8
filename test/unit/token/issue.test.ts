import { describe, expect, it } from 'vitest';
import type { FoundPair, PairLookup } from '../../../src/accesskey/live/pair-lookup.ts';
import type { Subject } from '../../../src/token/claims.ts';
import { authenticate, createTokenIssuer, type Refusal } from '../../../src/token/issue.ts';
import type { SigningKeys } from '../../../src/token/keys/signing-keys.ts';
import { foundPair, keyPair, now } from '../../support/builders.ts';

const { ak, sk } = keyPair();
const wrong = keyPair(2).sk;
const address = '192.0.2.1';

/** Finds exactly these pairs, and only at `now`. */
function pairs(...all: FoundPair[]): PairLookup {
  return { find: (asked, time) => (time === now ? all.filter((one) => one.ak === asked) : []) };
}

describe('authenticate', () => {
  it('accepts the right pair', () => {
    const one = foundPair();
    expect(authenticate(pairs(one), { ak, sk }, { now, address })).toEqual(one);
  });

  it('accepts a Rotating pair', () => {
    const one = foundPair({ state: 'Rotating' });
    expect(authenticate(pairs(one), { ak, sk }, { now, address })).toEqual(one);
  });

  it('does not report an unknown ak, which may be a secret key in the wrong field', () => {
    const refused = authenticate(pairs(foundPair()), { ak: sk, sk: ak }, { now, address });
    expect(refused).toEqual({ refused: 'unknown access key' });
    expect(authenticate(pairs(), { ak, sk }, { now, address })).toEqual({ refused: 'unknown access key' });
  });

  it.each([wrong, '', sk.toUpperCase(), `${sk} `, ak])('rejects the sk %j', (given) => {
    expect(authenticate(pairs(foundPair()), { ak, sk: given }, { now, address })).toEqual({
      refused: 'wrong secret key',
      ak,
    });
  });

  it.each([
    ['Disabled', 'disabled'],
    ['Expired', 'expired'],
    ['Conflict', 'conflict'],
    ['Pending', 'pending'],
  ] as const)('rejects a pair that is %s, and reports the state only if the sk matches', (state, refused) => {
    const one = pairs(foundPair({ state }));
    expect(authenticate(one, { ak, sk }, { now, address })).toEqual({ refused, ak });
    expect(authenticate(one, { ak, sk: wrong }, { now, address })).toEqual({ refused: 'wrong secret key', ak });
  });

  it.each([
    [['192.0.2.0/24'], '192.0.2.1', true],
    [['10.0.0.0/8', '192.0.2.1/32'], '192.0.2.1', true],
    [['192.0.2.2/32'], '192.0.2.1', false],
    [['2001:db8::/32'], '2001:db8::1', true],
    [['2001:db8::/32'], '192.0.2.1', false],
    [['0.0.0.0/0', '::/0'], 'unknown', false],
  ])('with allowedCIDRs %j, accepts a pair from %s: %s', (allowedCIDRs, from, isAccepted) => {
    const one = foundPair({ allowedCIDRs });
    const refused = { refused: 'allowedCIDRs do not contain the client address', ak };
    expect(authenticate(pairs(one), { ak, sk }, { now, address: from })).toEqual(isAccepted ? one : refused);
  });

  it('reports allowedCIDRs only if the sk matches and the pair is live', () => {
    const allowedCIDRs = ['10.0.0.0/8'];
    const wrongKey = authenticate(pairs(foundPair({ allowedCIDRs })), { ak, sk: wrong }, { now, address });
    expect(wrongKey).toEqual({ refused: 'wrong secret key', ak });
    const disabled = pairs(foundPair({ allowedCIDRs, state: 'Disabled' }));
    expect(authenticate(disabled, { ak, sk }, { now, address })).toEqual({ refused: 'disabled', ak });
  });

  it.each([
    ['an unknown ak', pairs(), Buffer.alloc(32)],
    ['a known ak', pairs(foundPair()), foundPair().digest],
  ])('compares the sk with one digest for %s, so that both take the same work', (_, found, digest) => {
    const compared: unknown[] = [];
    const compare = (...args: unknown[]) => compared.push(args) < 0;
    expect(authenticate(found, { ak, sk: wrong }, { now, address, compare })).toHaveProperty('refused');
    expect(compared).toEqual([[wrong, digest]]);
  });

  it('never accepts an sk for the dummy digest', () => {
    const one = pairs(foundPair({ digest: Buffer.alloc(32) }));
    for (const given of [sk, '', '\0'.repeat(32)])
      expect(authenticate(one, { ak, sk: given }, { now, address })).toHaveProperty('refused');
  });

  describe('with a copied Secret', () => {
    const owner = foundPair({ user: { id: 'u1', name: 'ann', groups: [] } });
    const otherSk = foundPair({ user: { id: 'u2', name: 'eve', groups: [] } }, { ak, sk: wrong });
    const sameSk = foundPair({ user: { id: 'u2', name: 'eve', groups: [] } });

    it.each([[[owner, otherSk]], [[otherSk, owner]]])(
      'accepts the owner although another Secret has the same ak',
      (found) => {
        expect(authenticate(pairs(...found), { ak, sk }, { now, address })).toEqual(owner);
        expect(authenticate(pairs(...found), { ak, sk: wrong }, { now, address })).toEqual(otherSk);
      },
    );

    it('accepts the first of two matching pairs', () => {
      expect(authenticate(pairs(owner, sameSk), { ak, sk }, { now, address })).toEqual(owner);
    });

    it('prefers a live pair to an earlier one that is not live', () => {
      const disabled = { ...owner, state: 'Disabled' as const };
      expect(authenticate(pairs(disabled, sameSk), { ak, sk }, { now, address })).toEqual(sameSk);
    });

    it('reports the state of the pair whose sk matches', () => {
      const expired = { ...owner, state: 'Expired' as const };
      const disabledCopy = { ...otherSk, state: 'Disabled' as const };
      expect(authenticate(pairs(disabledCopy, expired), { ak, sk }, { now, address })).toEqual({
        refused: 'expired',
        ak,
      });
    });
  });
});

const day = 86_400;
const iat = now / 1000;

const keys = {} as SigningKeys;
const pair = keyPair();
const robot = 'system:serviceaccount:shop:robot';
const request = { terms: { defaultSeconds: 2 * day }, address, keys };
const user = { id: 'u1', name: 'ann', groups: ['dev'] };

/** An issuer that knows these pairs; its tokens are the claims as JSON. */
function createIssuer(
  known: FoundPair[],
  answer: Subject | Refusal = { refused: 'the cluster does not accept the token' },
  audience?: string,
) {
  const requests: unknown[] = [];
  const issue = createTokenIssuer({
    pairs: { find: (ak) => known.filter((one) => one.ak === ak) },
    async exchange(asked) {
      requests.push(asked);
      return answer;
    },
    sign: async (claims) => JSON.stringify(claims),
    claimsOptions: { issuer: 'ghippo.io', audience },
    maxSeconds: 30 * day,
    now: () => now,
  });
  return { issue, requests };
}

describe('createTokenIssuer', () => {
  it('issues a token for the user of a key pair, with the name of the pair', async () => {
    const { issue } = createIssuer([foundPair()]);
    const result = await issue({ pair }, request);
    const claims = {
      iss: 'ghippo.io',
      sub: 'uid-of-shop-ann',
      preferred_username: 'ann',
      groups: ['dev', 'ops'],
      iat: now / 1000,
      exp: now / 1000 + 2 * 86_400,
      client_id: pair.ak,
    };
    expect(result).toEqual({ token: JSON.stringify(claims), claims, pairName: 'main' });
  });

  it.each([
    ['the lifetime of the key pair', '1h30m', undefined, 5_400],
    ['the requested lifetime', '1h', 7_200, 7_200],
    ['the maximum instead of a longer lifetime of the key pair', '721h', undefined, 30 * day],
    ['the default lifetime', undefined, undefined, 2 * day],
  ])('uses %s', async (_, tokenLifetime, seconds, expected) => {
    const { issue } = createIssuer([foundPair({ tokenLifetime })]);
    const result = await issue({ pair }, { ...request, terms: { seconds, defaultSeconds: 2 * day } });
    expect(result).toHaveProperty('claims.exp', iat + expected);
  });

  it.each([
    [undefined, undefined, undefined],
    [undefined, 'kpanda', 'kpanda'],
    ['shop', undefined, 'shop'],
    ['shop', 'kpanda', 'shop'],
    ['kpanda', 'kpanda', 'kpanda'],
    ['kpanda', undefined, false],
    ['other', 'kpanda', false],
    ['', 'kpanda', false],
  ])('for the requested audience %j and the configured one %j sets %j', async (requested, configured, expected) => {
    const { issue } = createIssuer([foundPair({ audiences: ['shop', 'api'] })], undefined, configured);
    const result = await issue({ pair }, { ...request, terms: { ...request.terms, audience: requested } });
    if (expected === false)
      expect(result).toEqual({ refused: 'the AccessKey does not list the audience', ak: pair.ak });
    else
      expect(result).toHaveProperty(
        'claims',
        expected === undefined
          ? expect.not.objectContaining({ aud: expect.anything() })
          : expect.objectContaining({ aud: expected }),
      );
  });

  it('limits the lifetime of the key pair to its expiry', async () => {
    const { issue } = createIssuer([foundPair({ tokenLifetime: '1h', expiresAt: now + 60_000 })]);
    expect(await issue({ pair }, request)).toHaveProperty('claims.exp', iat + 60);
  });

  it('issues a token for a ServiceAccount that expires with the ServiceAccount token', async () => {
    const { issue, requests } = createIssuer([], { clientId: robot, user, expiresAt: now + 60_000 });
    const result = await issue({ subjectToken: 'abc', clientId: robot }, request);
    expect(result).toMatchObject({ claims: { sub: 'u1', client_id: robot, exp: now / 1000 + 60 } });
    expect(requests).toEqual([{ subjectToken: 'abc', clientId: robot, address }]);
  });

  it.each([
    ['wrong secret key', { pair: { ...pair, sk: 'x' } }, { ak: pair.ak }],
    ['unknown access key', { pair: { ...pair, ak: 'x' } }, {}],
    ['the cluster does not accept the token', { subjectToken: 'x', clientId: undefined }, {}],
  ])('reports the reason of a refusal: %s', async (refused, credential, who) => {
    const { issue } = createIssuer([foundPair()]);
    expect(await issue(credential, request)).toEqual({ refused, ...who });
  });

  it.each([
    [30_000, true],
    [30_001, false],
    [Number.POSITIVE_INFINITY, false],
  ])('issues a token %s ms before tokensNotBefore: %s', async (milliseconds, isIssued) => {
    const { issue } = createIssuer([foundPair({ tokensNotBefore: now + milliseconds })]);
    const result = await issue({ pair }, request);
    if (isIssued) expect(result).toHaveProperty('claims.iat', iat + milliseconds / 1000);
    else expect(result).toEqual({ refused: 'tokensNotBefore is in the future', ak: pair.ak });
  });

  it('rejects a credential that expires within this second', async () => {
    const { issue } = createIssuer([foundPair({ expiresAt: now + 999 })], {
      clientId: robot,
      user,
      expiresAt: now + 999,
    });
    expect(await issue({ pair }, request)).toEqual({ refused: 'expired', ak: pair.ak });
    const exchange = { subjectToken: 'x', clientId: undefined };
    expect(await issue(exchange, request)).toEqual({ refused: 'expired', serviceAccount: robot });
  });
});
