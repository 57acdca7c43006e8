import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord, KeyPairSpec, KeyPairStatus } from '../../../../src/accesskey/model/access-key-record.ts';
import { withExpiryWarnings, withoutSuccessor } from '../../../../src/accesskey/reconcile/expiry-warnings.ts';
import type { PairOutcome } from '../../../../src/accesskey/reconcile/outcome.ts';
import { transitionEvents } from '../../../../src/accesskey/reconcile/transition-events.ts';
import { accessKey, at, keyPair, now, pairStatus } from '../../../support/builders.ts';
import { failed, outcomeOf, present, statusAfter } from './outcomes.ts';

const day = 86_400;
const warningDays = [30, 7, 1];

const namesOf = (pairs: readonly KeyPairStatus[]) => pairs.map(({ name }) => name);

describe('withoutSuccessor', () => {
  const main = pairStatus({ expiresAt: at(day) });
  const ci = (parts: Partial<KeyPairStatus>) => pairStatus({ name: 'ci', accessKey: keyPair(2).ak, ...parts });

  it.each<[string, Partial<KeyPairStatus> | undefined, string[]]>([
    ['there is no other pair', undefined, ['main']],
    ['the other pair does not expire', {}, []],
    ['the other pair expires later', { expiresAt: at(day + 1) }, ['ci']],
    ['the other pair is in an overlap and expires later', { state: 'Rotating', expiresAt: at(day + 1) }, ['ci']],
    ['the other pair expires earlier', { expiresAt: at(day - 1) }, ['main']],
    [
      'both expire at the same time, written in other time zones',
      { expiresAt: '2026-01-02T01:00:00+01:00' },
      ['main', 'ci'],
    ],
    ['the other pair is disabled', { state: 'Disabled' }, ['main']],
    ['the other pair has expired', { state: 'Expired', expiresAt: at(-1) }, ['main']],
    ['the other pair has no Secret yet', { state: 'Pending' }, ['main']],
    ['the pair itself is rotated later', undefined, ['main']],
  ])('if %s (%#)', (_, other, expected) => {
    const pairs = other ? [main, ci(other)] : [{ ...main, nextRotationAt: at(60) }];
    expect(namesOf(withoutSuccessor(pairs))).toEqual(expected);
  });

  it.each(['Disabled', 'Expired', 'Conflict', 'Pending'] as const)('does not find a pair that is %s', (state) => {
    expect(withoutSuccessor([{ ...main, state }])).toEqual([]);
  });
});

/** `expiryWarningDays` of a pair that expires in this many seconds. */
function daysOf(seconds: number, known?: number, days: readonly number[] = warningDays): number | undefined {
  const pair = pairStatus({ expiresAt: at(seconds) });
  const before = { ...pair, ...(known !== undefined && { expiryWarningDays: known }) };
  const [after] = withExpiryWarnings([pair], { known: [before], warningDays: days, now });
  return after?.expiryWarningDays;
}

describe('withExpiryWarnings', () => {
  it.each([
    [30 * day + 1, undefined],
    [30 * day, 30],
    [7 * day + 1, 30],
    [7 * day, 7],
    [day, 1],
    [1, 1],
    [0, undefined],
  ])('a pair that expires in %d seconds has %s', (seconds, days) => {
    expect(daysOf(seconds)).toBe(days);
  });

  it('keeps a warning if the clock is up to five minutes behind the one that recorded it', () => {
    expect(daysOf(7 * day + 300, 7)).toBe(7);
    expect(daysOf(7 * day + 301, 7)).toBe(30);
  });

  it('drops a warning when expiresAt moves out of its range', () => {
    expect(daysOf(8 * day, 7)).toBe(30);
    expect(daysOf(90 * day, 1)).toBeUndefined();
  });

  it('drops a warning that is no longer configured', () => {
    expect(daysOf(20 * day, 30, [7])).toBeUndefined();
    expect(daysOf(day, 1, [])).toBeUndefined();
  });

  it('keeps the last warning of a pair that has a successor or cannot get tokens, but adds none', () => {
    const pair = pairStatus({ expiresAt: at(day) });
    for (const known of [7, undefined]) {
      const before = [{ ...pair, ...(known && { expiryWarningDays: known }) }];
      const options = { known: before, warningDays, now };
      for (const pairs of [[pair, pairStatus({ name: 'ci' })], [{ ...pair, state: 'Pending' as const }]]) {
        expect(withExpiryWarnings(pairs, options)[0]?.expiryWarningDays).toBe(known);
      }
    }
  });
});

describe('the condition ExpiresSoon', () => {
  const conditionOf = (pairs: PairOutcome[], time = now) =>
    statusAfter({
      accessKey: accessKey(),
      userHolder: 'shop/ann',
      outcome: outcomeOf(pairs),
      warningDays,
      now: time,
    }).conditions?.find((one) => one.type === 'ExpiresSoon');
  const main = { name: 'main', expiresAt: at(7 * day) };

  it('is True with a reason and the time of the expiry, and does not affect Ready', () => {
    expect(conditionOf([present(main)])).toEqual({
      type: 'ExpiresSoon',
      status: 'True',
      reason: 'KeyPairExpiresSoon',
      message: `key pair main expires at ${at(7 * day)}; no other key pair is valid longer`,
      observedGeneration: 1,
      lastTransitionTime: at(0),
    });
  });

  it('is absent without an expiry, before the first warning, with a successor, and after the expiry', () => {
    expect(conditionOf([present()])).toBeUndefined();
    expect(conditionOf([present(main)], now - 24 * day * 1000)).toBeUndefined();
    expect(conditionOf([present(main), present({ name: 'ci' }, keyPair(2))])).toBeUndefined();
    expect(conditionOf([present(main)], now + 7 * day * 1000)).toBeUndefined();
  });

  it('is absent while another AccessKey holds the user', () => {
    const known = pairStatus({ expiresAt: at(day), expiryWarningDays: 1 });
    const subject = accessKey({ status: { keyPairs: [known] } });
    const options = { accessKey: subject, userHolder: 'other/older', outcome: outcomeOf([]), warningDays, now };
    expect(statusAfter(options).conditions?.map(({ type }) => type)).toEqual(['Ready', 'Stalled']);
  });
});

/** Reconciles at these times, in seconds, and returns the notes of the Events and the number of status changes. */
function reconcileAt(times: readonly number[], pairsAt: (time: number) => PairOutcome[]) {
  let current: AccessKeyRecord = accessKey();
  const notes: string[] = [];
  let changes = 0;
  for (const seconds of times) {
    const time = now + seconds * 1000;
    const outcome = outcomeOf(pairsAt(seconds));
    const status = statusAfter({ accessKey: current, userHolder: current.key, outcome, warningDays, now: time });
    if (JSON.stringify(status) !== JSON.stringify(current.status)) changes += 1;
    const events = transitionEvents(current, status, time).filter(({ reason }) => reason === 'KeyPairExpiresSoon');
    for (const { type, note } of events) notes.push(`${type} ${note.match(/less than (.*);/)?.[1]}`);
    current = { ...current, status: JSON.parse(JSON.stringify(status)) };
  }
  return { notes, changes };
}

describe('the Event KeyPairExpiresSoon', () => {
  const pair: KeyPairSpec = { name: 'main', expiresAt: at(40 * day) };
  const pairs = () => [present(pair)];
  const hours = (from: number, to: number) =>
    Array.from({ length: (to - from) * 24 }, (_, hour) => from * day + hour * 3600);

  it('is recorded once for each warning time, and nothing is written in between', () => {
    const { notes, changes } = reconcileAt(hours(0, 40), pairs);
    expect(notes).toEqual(['Warning 30 days', 'Warning 7 days', 'Warning 1 day']);
    expect(changes).toBe(4);
  });

  it('is recorded for the shortest time if the operator was down', () => {
    expect(reconcileAt([0, 12 * day, 39.5 * day, 39.6 * day], pairs).notes).toEqual([
      'Warning 30 days',
      'Warning 1 day',
    ]);
  });

  it('is not repeated while a successor or the Secret comes and goes', () => {
    const changing = (time: number): PairOutcome[] => {
      if (time % 3 === 0) return pairs();
      return time % 3 === 1 ? [...pairs(), present({ name: 'ci' }, keyPair(2))] : [{ ...failed('main'), pair }];
    };
    const times = Array.from({ length: 9 }, (_, n) => 34 * day + n);
    expect(reconcileAt(times, changing).notes).toEqual(['Warning 7 days']);
  });

  it('is recorded again after expiresAt was moved', () => {
    const moved = (time: number) => [present({ ...pair, expiresAt: at(time < 35 * day ? 40 * day : 80 * day) })];
    expect(reconcileAt(hours(0, 80), moved).notes).toHaveLength(5);
  });

  it('is recorded exactly once for each time, whenever the operator runs and whatever its clock skew', () => {
    const instant = fc.record({
      at: fc.integer({ min: 0, max: 40 * day - 1 }),
      skew: fc.integer({ min: -300, max: 0 }),
    });
    fc.assert(
      fc.property(fc.array(instant, { maxLength: 60 }), (instants) => {
        const times = instants.toSorted((a, b) => a.at - b.at).map((one) => Math.max(0, one.at + one.skew));
        const { notes } = reconcileAt(times, pairs);
        expect(new Set(notes).size).toBe(notes.length);
        const last = Math.max(...times, 0);
        expect(notes.at(-1)).toBe(
          last >= 39 * day
            ? 'Warning 1 day'
            : last >= 33 * day
              ? 'Warning 7 days'
              : last >= 10 * day
                ? 'Warning 30 days'
                : undefined,
        );
      }),
      { numRuns: 500 },
    );
  });
});
