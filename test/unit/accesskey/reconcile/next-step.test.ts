import { describe, expect, it } from 'vitest';
import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { nextStepAt } from '../../../../src/accesskey/reconcile/next-step.ts';
import type { PairOutcome } from '../../../../src/accesskey/reconcile/outcome.ts';
import { accessKey, at, keyPair, known, now, type SecretParts } from '../../../support/builders.ts';
import { failed, outcomeOf, present } from './outcomes.ts';

const main = { name: 'main' };

/** Milliseconds until the next step of pairs that were generated half an hour ago. */
function stepIn(keyPairs: KeyPairSpec[], parts: SecretParts = {}, suspended = false): number | undefined {
  const outcome = outcomeOf(keyPairs.map((pair, n) => present(pair, keyPair(n + 1), parts)));
  const time = nextStepAt({ accessKey: accessKey({ keyPairs, suspended }), outcome, warningDays: [], now });
  return time === undefined ? undefined : time - now;
}

describe('the next step for an expiry', () => {
  it.each<[string, KeyPairSpec[], number | undefined]>([
    ['no pairs', [], undefined],
    ['none expires', [main], undefined],
    ['one expires', [main, { name: 'ci', expiresAt: at(60) }], 60_000],
    [
      'two expire',
      [
        { ...main, expiresAt: at(90) },
        { name: 'ci', expiresAt: at(60) },
      ],
      60_000,
    ],
    [
      'one has already expired',
      [
        { ...main, expiresAt: at(-5) },
        { name: 'ci', expiresAt: at(60) },
      ],
      60_000,
    ],
    ['one expires right now', [{ ...main, expiresAt: at(0) }], undefined],
    ['one has an invalid time', [{ ...main, expiresAt: 'soon' }], undefined],
    ['one is disabled', [{ ...main, enabled: false, expiresAt: at(1) }], 1_000],
  ])('%s', (_, keyPairs, milliseconds) => {
    expect(stepIn(keyPairs)).toBe(milliseconds);
  });

  it('is also known for a pair without Secret', () => {
    const outcome: PairOutcome = { ...failed('main'), pair: { ...main, expiresAt: at(60) } };
    expect(nextStepAt({ accessKey: accessKey(), outcome: outcomeOf([outcome]), warningDays: [], now })).toBe(
      now + 60_000,
    );
  });
});

describe('the next step for a warning of an expiry', () => {
  const day = 86_400;

  it.each([
    [40, 10],
    [30, 23],
    [7.5, 0.5],
    [7, 6],
    [1, 1],
  ])('of a pair that expires in %d days is in %d days', (expiry, days) => {
    const outcome = outcomeOf([present({ ...main, expiresAt: at(expiry * day) })]);
    const time = nextStepAt({ accessKey: accessKey(), outcome, warningDays: [30, 7, 1], now });
    expect(time).toBe(now + days * day * 1000);
  });
});

describe('the next step for a rotation', () => {
  const rotation = { interval: '1h' };

  it('is an interval after the pair was generated', () => {
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
  ])('is undefined while the pair is %s', (_, pair, suspended) => {
    expect(stepIn([{ ...main, rotation, ...pair }], {}, suspended)).toBeUndefined();
  });

  it('uses the time in the status', () => {
    const subject = known({ keyPairs: [{ ...main, rotation }] }, { createdAt: at(0) });
    const outcome = outcomeOf([present({ ...main, rotation })]);
    expect(nextStepAt({ accessKey: subject, outcome, warningDays: [], now })).toBe(now + 3_600_000);
  });
});

describe('the next step for the end of an overlap', () => {
  const overlapping = { previous: keyPair(9), facts: { previousValidUntil: now + 60_000 } };

  it('is when the previous pair stops being valid', () => {
    expect(stepIn([{ ...main, rotation: { overlap: '1h' } }], overlapping)).toBe(60_000);
  });

  it('is sooner if the overlap was shortened', () => {
    expect(stepIn([{ ...main, rotation: { overlap: '1801s' } }], overlapping)).toBe(1_000);
  });

  it('is undefined if the overlap was removed', () => {
    expect(stepIn([main], overlapping)).toBeUndefined();
  });
});
