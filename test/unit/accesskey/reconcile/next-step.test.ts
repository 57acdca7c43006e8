import { describe, expect, it } from 'vitest';
import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import type { PairOutcome } from '../../../../src/accesskey/reconcile/outcome.ts';
import { nextStepAt } from '../../../../src/accesskey/reconcile/status.ts';
import { accessKey, at, keyPair, known, now, type SecretParts } from '../../../support/builders.ts';
import { failed, outcomeOf, present } from './outcomes.ts';

const main = { name: 'main' };

/** Milliseconds from now to the next step of pairs with their Secrets, made half an hour ago. */
function stepIn(keyPairs: KeyPairSpec[], parts: SecretParts = {}, suspended = false): number | undefined {
  const outcome = outcomeOf(keyPairs.map((pair, n) => present(pair, keyPair(n + 1), parts)));
  const time = nextStepAt(accessKey({ keyPairs, suspended }), outcome, now);
  return time === undefined ? undefined : time - now;
}

describe('the next step by an expiry', () => {
  it.each<[string, KeyPairSpec[], number | undefined]>([
    ['no pairs', [], undefined],
    ['none expires', [main], undefined],
    ['one expires', [main, { name: 'ci', expiresAt: at(60) }], 60_000],
    [
      'the next of two',
      [
        { ...main, expiresAt: at(90) },
        { name: 'ci', expiresAt: at(60) },
      ],
      60_000,
    ],
    [
      'one is over already',
      [
        { ...main, expiresAt: at(-5) },
        { name: 'ci', expiresAt: at(60) },
      ],
      60_000,
    ],
    ['one ends just now', [{ ...main, expiresAt: at(0) }], undefined],
    ['one is unreadable', [{ ...main, expiresAt: 'soon' }], undefined],
    ['one is disabled', [{ ...main, enabled: false, expiresAt: at(1) }], 1_000],
  ])('%s', (_, keyPairs, milliseconds) => {
    expect(stepIn(keyPairs)).toBe(milliseconds);
  });

  it('is known of a pair that has no Secret too', () => {
    const outcome: PairOutcome = { ...failed('main'), pair: { ...main, expiresAt: at(60) } };
    expect(nextStepAt(accessKey(), outcomeOf([outcome]), now)).toBe(now + 60_000);
  });
});

describe('the next step by a rotation', () => {
  const rotation = { interval: '1h' };

  it('is an interval after the pair was made', () => {
    expect(stepIn([{ ...main, rotation }])).toBe(1_800_000);
  });

  it('comes before a later expiry and after an earlier one', () => {
    expect(stepIn([{ ...main, rotation, expiresAt: at(3600) }])).toBe(1_800_000);
    expect(stepIn([{ ...main, rotation, expiresAt: at(60) }])).toBe(60_000);
  });

  it.each([
    ['disabled', { enabled: false }, false],
    ['expired', { expiresAt: at(0) }, false],
    ['suspended', {}, true],
  ])('is none while the pair is %s', (_, pair, suspended) => {
    expect(stepIn([{ ...main, rotation, ...pair }], {}, suspended)).toBeUndefined();
  });

  it('is counted by what the status knows', () => {
    const subject = known({ keyPairs: [{ ...main, rotation }] }, { createdAt: at(0) });
    expect(nextStepAt(subject, outcomeOf([present({ ...main, rotation })]), now)).toBe(now + 3_600_000);
  });
});

describe('the next step by the end of an overlap', () => {
  const overlapping = { previous: keyPair(9), facts: { previousValidUntil: now + 60_000 } };

  it('is when the previous pair stops working', () => {
    expect(stepIn([{ ...main, rotation: { overlap: '1h' } }], overlapping)).toBe(60_000);
  });

  it('is sooner when the overlap was made shorter', () => {
    expect(stepIn([{ ...main, rotation: { overlap: '1801s' } }], overlapping)).toBe(1_000);
  });

  it('is none when the overlap was taken away', () => {
    expect(stepIn([main], overlapping)).toBeUndefined();
  });
});
