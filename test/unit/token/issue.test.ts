import { describe, expect, it } from 'vitest';
import type { FoundPair } from '../../../src/accesskey/live/pair-lookup.ts';
import type { Subject } from '../../../src/token/claims.ts';
import { createTokenIssuer } from '../../../src/token/issue.ts';
import type { SigningKeys } from '../../../src/token/keys/signing-keys.ts';
import type { Refusal } from '../../../src/token/refusal.ts';
import { foundPair, keyPair, now } from '../../support/builders.ts';

const address = '192.0.2.1';

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
  answer: Subject | Refusal = { refused: 'rejected-token' },
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
    if (expected === false) expect(result).toEqual({ refused: 'audience', ak: pair.ak });
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
    ['wrong-sk', { pair: { ...pair, sk: 'x' } }, { ak: pair.ak }],
    ['unknown-ak', { pair: { ...pair, ak: 'x' } }, {}],
    ['rejected-token', { subjectToken: 'x', clientId: undefined }, {}],
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
    else expect(result).toEqual({ refused: 'not-before', ak: pair.ak });
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
