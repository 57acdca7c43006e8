import { describe, expect, it } from 'vitest';
import type { LivePairs, PairCandidate } from '../../../src/accesskey/live-pairs.ts';
import { authenticate } from '../../../src/token/authenticate.ts';
import { candidate, keyPair, now } from '../../support/builders.ts';

const { ak, sk } = keyPair();
const wrong = keyPair(2).sk;

/** Live pairs that know these candidates and nothing else, now and at no other time. */
function pairs(...candidates: PairCandidate[]): LivePairs {
  return { candidates: (asked, time) => (time === now ? candidates.filter((one) => one.ak === asked) : []) };
}

describe('authenticate', () => {
  it('grants the right pair', () => {
    const one = candidate();
    expect(authenticate(pairs(one), ak, sk, now)).toEqual({ granted: one });
  });

  it('grants a pair that is Rotating', () => {
    const one = candidate({ state: 'Rotating' });
    expect(authenticate(pairs(one), ak, sk, now)).toEqual({ granted: one });
  });

  it('does not name the ak when there is no such pair: it may be a secret', () => {
    const refused = authenticate(pairs(candidate()), sk, ak, now);
    expect(refused).toEqual({ refused: 'unknown access key' });
    expect(authenticate(pairs(), ak, sk, now)).toEqual({ refused: 'unknown access key' });
  });

  it.each([wrong, '', sk.toUpperCase(), `${sk} `, ak])('refuses the sk %j', (given) => {
    expect(authenticate(pairs(candidate()), ak, given, now)).toEqual({ refused: 'wrong secret key', ak });
  });

  it.each([
    ['Disabled', 'disabled'],
    ['Expired', 'expired'],
    ['Conflict', 'conflict'],
    ['Pending', 'pending'],
  ] as const)('refuses a pair that is %s, and says so only to who has its sk', (state, refused) => {
    const one = pairs(candidate({ state }));
    expect(authenticate(one, ak, sk, now)).toEqual({ refused, ak });
    expect(authenticate(one, ak, wrong, now)).toEqual({ refused: 'wrong secret key', ak });
  });

  it('never grants against the digest that stands for an unknown ak', () => {
    const one = pairs(candidate({ digest: Buffer.alloc(32) }));
    for (const given of [sk, '', '\0'.repeat(32)])
      expect(authenticate(one, ak, given, now)).not.toHaveProperty('granted');
  });

  describe('when somebody copied the Secret', () => {
    const owner = candidate({ user: { id: 'u1', name: 'ann', groups: [] } });
    const otherSk = candidate({ user: { id: 'u2', name: 'eve', groups: [] } }, { ak, sk: wrong });
    const sameSk = candidate({ user: { id: 'u2', name: 'eve', groups: [] } });

    it.each([[[owner, otherSk]], [[otherSk, owner]]])('a copy of the ak does not lock the owner out', (found) => {
      expect(authenticate(pairs(...found), ak, sk, now)).toEqual({ granted: owner });
      expect(authenticate(pairs(...found), ak, wrong, now)).toEqual({ granted: otherSk });
    });

    it('the first of two right ones is whom the token names', () => {
      expect(authenticate(pairs(owner, sameSk), ak, sk, now)).toEqual({ granted: owner });
    });

    it('a live one is granted though one before it is not', () => {
      const disabled = { ...owner, state: 'Disabled' as const };
      expect(authenticate(pairs(disabled, sameSk), ak, sk, now)).toEqual({ granted: sameSk });
    });

    it('the state told is that of one whose sk is right', () => {
      const expired = { ...owner, state: 'Expired' as const };
      const disabledCopy = { ...otherSk, state: 'Disabled' as const };
      expect(authenticate(pairs(disabledCopy, expired), ak, sk, now)).toEqual({ refused: 'expired', ak });
    });
  });
});
