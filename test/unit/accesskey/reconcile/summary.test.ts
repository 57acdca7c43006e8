import { describe, expect, it } from 'vitest';
import { summaryOf } from '../../../../src/accesskey/reconcile/summary.ts';
import { at, keyPair, now, pairStatus } from '../../../support/builders.ts';

const pending = { name: 'ci', secretName: 'ann-ci', state: 'Pending' as const };

describe('summaryOf', () => {
  it('summarizes usable pairs, their next expiry, names and aks', () => {
    expect(summaryOf({ keyPairs: [pairStatus({ expiresAt: at(90) }), pending] }, now)).toEqual({
      usable: '1/2',
      nextExpiry: at(90),
      names: 'main,ci',
      accessKeys: keyPair().ak,
    });
    expect(summaryOf({ keyPairs: [pairStatus({ expiresAt: at(90), state: 'Expired' }), pending] }, now)).toEqual({
      usable: '0/2',
      names: 'main,ci',
      accessKeys: keyPair().ak,
    });
  });

  it('contains the earliest expiry and the latest use, in whichever time zone they are written', () => {
    const [early, late] = ['2027-01-01T10:00:00+14:00', '2027-01-01T00:00:00Z'];
    const pairs = [early, late].map((time, n) => pairStatus({ name: `p${n}`, expiresAt: time, lastUsedTime: time }));
    for (const ordered of [pairs, pairs.toReversed()]) {
      expect(summaryOf({ keyPairs: ordered }, Date.parse(late))).toMatchObject({
        nextExpiry: early,
        lastUsedTime: late,
      });
    }
  });

  it('contains the last use of a pair that can no longer get tokens', () => {
    const expired = pairStatus({ state: 'Expired', lastUsedTime: at(-5) });
    expect(summaryOf({ keyPairs: [expired] }, now)).toMatchObject({ lastUsedTime: at(-5) });
  });

  it('contains the last use of a previous pair and of a ServiceAccount', () => {
    const previous = { accessKey: keyPair(2).ak, validUntil: at(60), lastUsedTime: at(-3) };
    const keyPairs = [pairStatus({ lastUsedTime: at(-5), previous })];
    expect(summaryOf({ keyPairs }, now)).toMatchObject({ lastUsedTime: at(-3) });
    const serviceAccounts = [{ name: 'ci', lastUsedTime: at(-1) }];
    expect(summaryOf({ keyPairs, serviceAccounts }, now)).toMatchObject({ lastUsedTime: at(-1) });
  });

  it('ignores a last use in the future, from a clock that was ahead', () => {
    const previous = { accessKey: keyPair(2).ak, validUntil: at(60), lastUsedTime: at(86_400) };
    const keyPairs = [pairStatus({ lastUsedTime: at(-5), previous })];
    const serviceAccounts = [{ name: 'ci', lastUsedTime: at(86_400) }];
    expect(summaryOf({ keyPairs, serviceAccounts }, now)).toMatchObject({ lastUsedTime: at(-5) });
  });
});
