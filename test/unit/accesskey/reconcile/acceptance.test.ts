import { describe, expect, it } from 'vitest';
import { isUnaccepted, type PairToAccept, withAcceptance } from '../../../../src/accesskey/reconcile/acceptance.ts';
import type { PairOutcome } from '../../../../src/accesskey/reconcile/outcome.ts';
import { accessKey, at, keyPair, now } from '../../../support/builders.ts';
import { failed, outcomeOf, present, statusAfter } from './outcomes.ts';

const one = accessKey();

function judge(pairs: PairOutcome[], accepted: boolean, subject = one) {
  const asked: PairToAccept[] = [];
  const accepts = (question: PairToAccept) => {
    asked.push(question);
    return accepted;
  };
  return { asked, outcome: withAcceptance({ accessKey: subject, outcome: outcomeOf(pairs), accepts, now }) };
}

describe('withAcceptance', () => {
  it('changes nothing if every pair is accepted', () => {
    const { asked, outcome } = judge([present()], true);
    expect(outcome).toEqual(outcomeOf([present()]));
    expect(asked).toMatchObject([{ pair: { ak: keyPair().ak }, accessKey: { uid: one.uid }, pairName: 'main', now }]);
    expect(isUnaccepted(outcome)).toBe(false);
  });

  it('makes a pair that is not accepted Pending, and the AccessKey not Ready', () => {
    const { outcome } = judge([present()], false);
    expect(isUnaccepted(outcome)).toBe(true);
    const { conditions, keyPairs } = statusAfter({ accessKey: one, userHolder: one.key, outcome, now });
    expect(conditions).toMatchObject([
      { type: 'Ready', status: 'False', reason: 'SecretNotWatched' },
      { type: 'Reconciling', status: 'True' },
    ]);
    expect(conditions?.[0]?.message).toContain('Secret ann-main');
    expect(keyPairs).toMatchObject([{ state: 'Pending', accessKey: keyPair().ak }]);
  });

  it.each([
    ['disabled', present({ name: 'main', enabled: false }), one],
    ['expired', present({ name: 'main', expiresAt: at(0) }), one],
    ['suspended', present(), accessKey({ suspended: true })],
    ['without a Secret', failed('main'), one],
  ])('does not ask about a pair that is %s', (_, outcome, subject) => {
    const judged = judge([outcome], false, subject);
    expect(judged.asked).toEqual([]);
    expect(judged.outcome.pairs).toEqual([outcome]);
  });
});
