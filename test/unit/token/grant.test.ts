import { describe, expect, it } from 'vitest';
import type { PairCandidate } from '../../../src/accesskey/live-pairs.ts';
import type { Exchange } from '../../../src/token/exchange.ts';
import { createGrants } from '../../../src/token/grant.ts';
import type { SigningKeys } from '../../../src/token/signing-keys.ts';
import { candidate, keyPair, now } from '../../support/builders.ts';

const keys = {} as SigningKeys;
const pair = keyPair();
const robot = 'system:serviceaccount:shop:robot';
const from = '192.0.2.1';
const user = { id: 'u1', name: 'ann', groups: ['dev'] };

/** Grants over these candidates; a token is the claims in JSON. */
function createGrant(
  candidates: PairCandidate[],
  answer: Exchange = { refused: 'the cluster does not accept the token' },
) {
  const exchanged: unknown[] = [];
  const grant = createGrants({
    pairs: { candidates: (ak) => candidates.filter((one) => one.ak === ak) },
    async exchange(...asked) {
      exchanged.push(asked);
      return answer;
    },
    sign: async (claims) => JSON.stringify(claims),
    claims: { issuer: 'ghippo.io' },
    now: () => now,
  });
  return { grant, exchanged };
}

describe('a grant', () => {
  it('for a pair is a token of its user, and says where the pair is', async () => {
    const { grant } = createGrant([candidate()]);
    const result = await grant({ pair }, from, 2, keys);
    const claims = {
      ...{ iss: 'ghippo.io', sub: 'uid-of-shop-ann', preferred_username: 'ann', groups: ['dev', 'ops'] },
      ...{ iat: now / 1000, exp: now / 1000 + 2 * 86_400, client_id: pair.ak },
    };
    expect(result).toEqual({
      granted: { token: JSON.stringify(claims), claims, pairName: 'main' },
    });
  });

  it('for a ServiceAccount ends with its token', async () => {
    const { grant, exchanged } = createGrant([], { subject: { clientId: robot, user, expiresAt: now + 60_000 } });
    const result = await grant({ subjectToken: 'abc', clientId: robot }, from, 2, keys);
    expect(result).toMatchObject({
      granted: { claims: { sub: 'u1', client_id: robot, exp: now / 1000 + 60 } },
    });
    expect(exchanged).toEqual([['abc', robot, from]]);
  });

  it.each([
    ['wrong secret key', { pair: { ...pair, sk: 'x' } }, { ak: pair.ak }],
    ['unknown access key', { pair: { ...pair, ak: 'x' } }, {}],
    ['the cluster does not accept the token', { subjectToken: 'x', clientId: undefined }, {}],
  ])('is refused with the reason: %s', async (refused, credential, who) => {
    const { grant } = createGrant([candidate()]);
    expect(await grant(credential, from, 2, keys)).toEqual({ refused, ...who });
  });

  it('is refused when the token would not be good for a second', async () => {
    const { grant } = createGrant([candidate({ expiresAt: now + 999 })], {
      subject: { clientId: robot, user, expiresAt: now + 999 },
    });
    expect(await grant({ pair }, from, 2, keys)).toEqual({ refused: 'expired', ak: pair.ak });
    const exchange = { subjectToken: 'x', clientId: undefined };
    expect(await grant(exchange, from, 2, keys)).toEqual({ refused: 'expired', serviceAccount: robot });
  });
});
