import { describe, expect, it } from 'vitest';
import type { FoundPair, PairLookup } from '../../../src/accesskey/live/pair-lookup.ts';
import { authenticate } from '../../../src/token/authenticate.ts';
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
    expect(refused).toEqual({ refused: 'unknown-ak' });
    expect(authenticate(pairs(), { ak, sk }, { now, address })).toEqual({ refused: 'unknown-ak' });
  });

  it.each([wrong, '', sk.toUpperCase(), `${sk} `, ak])('rejects the sk %j', (given) => {
    expect(authenticate(pairs(foundPair()), { ak, sk: given }, { now, address })).toEqual({
      refused: 'wrong-sk',
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
    expect(authenticate(one, { ak, sk: wrong }, { now, address })).toEqual({ refused: 'wrong-sk', ak });
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
    const refused = { refused: 'address', ak };
    expect(authenticate(pairs(one), { ak, sk }, { now, address: from })).toEqual(isAccepted ? one : refused);
  });

  it('reports allowedCIDRs only if the sk matches and the pair is live', () => {
    const allowedCIDRs = ['10.0.0.0/8'];
    const wrongKey = authenticate(pairs(foundPair({ allowedCIDRs })), { ak, sk: wrong }, { now, address });
    expect(wrongKey).toEqual({ refused: 'wrong-sk', ak });
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
