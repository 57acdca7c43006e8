import { describe, expect, it } from 'vitest';
import type { AccessKeyStatus } from '../../../../src/accesskey/model/types.generated.ts';
import type { PairOutcome } from '../../../../src/accesskey/reconcile/outcome.ts';
import {
  deletionEvents,
  transitionEvents as eventsBetween,
} from '../../../../src/accesskey/reconcile/transition-events.ts';
import { accessKey, at, keyPair, now, pairStatus } from '../../../support/builders.ts';
import { conflict as conflictOf, failed as failedOf, outcomeOf, present, statusAfter } from './outcomes.ts';

const main = { name: 'main' };
const one = accessKey();
const conflict = conflictOf('main');
const failed = (message: string) => failedOf('main', message);

function transitionEvents(status: AccessKeyStatus, after: AccessKeyStatus) {
  return eventsBetween({ status }, after, now);
}

describe('transitionEvents', () => {
  const status = (outcomes: PairOutcome[], holder = one.key, time = now) =>
    statusAfter({ accessKey: one, userHolder: holder, outcome: outcomeOf(outcomes), now: time });
  const unseen = { observedGeneration: -1 };
  const ready = status([present()]);
  const stalled = status([conflict]);
  const claimed = status([], 'other/older');

  it.each([
    ['a problem in the first status', unseen, stalled, ['SecretConflict']],
    ['a problem after ready', ready, stalled, ['SecretConflict']],
    ['a different problem', stalled, claimed, ['UserClaimed']],
    ['the same problem with another message', status([failed('a')]), status([failed('b')]), ['SecretFailed']],
    ['nothing for the same problem', stalled, status([conflict], one.key, now + 60_000), []],
    ['nothing for a solved problem', stalled, ready, []],
    ['nothing for a first status without problems', unseen, ready, []],
    ['nothing for an unchanged status', ready, ready, []],
  ])('returns %s', (_, before, after, reasons) => {
    expect(transitionEvents(before, after).map((event) => event.reason)).toEqual(reasons);
  });

  it('reports a problem as a Warning with the message of the condition', () => {
    const note = 'user ann was already held by AccessKey other/older; delete one of the two AccessKeys';
    expect(transitionEvents(ready, claimed)).toEqual([
      { type: 'Warning', reason: 'UserClaimed', action: 'Reconcile', note },
    ]);
  });

  it('reports once that a pair has expired', () => {
    const pair = { ...main, expiresAt: at(60) };
    const outcome = present(pair);
    const active = status([outcome]);
    const expired = status([outcome], one.key, now + 60_000);
    expect(transitionEvents(active, expired)).toEqual([
      { type: 'Normal', reason: 'KeyPairExpired', action: 'UpdateStatus', note: 'Key pair main has expired' },
    ]);
    expect(transitionEvents(expired, expired)).toEqual([]);
    expect(transitionEvents(unseen, expired)).toEqual([]);
  });
  it('reports once that a rotating pair has expired', () => {
    const pair = { ...main, expiresAt: at(60), rotation: { overlap: '1h' } };
    const outcome = present(pair, keyPair(), { previous: keyPair(9), facts: { previousValidUntil: now + 90_000 } });
    const [before, after] = [status([outcome]), status([outcome], one.key, now + 60_000)];
    expect(before.keyPairs).toMatchObject([{ state: 'Rotating' }]);
    expect(transitionEvents(before, after).map((event) => event.reason)).toEqual(['KeyPairExpired']);
  });

  describe('for an overlap', () => {
    const pair = { ...main, rotation: { overlap: '1h' } };
    const outcome = present(pair, keyPair(), { previous: keyPair(9), facts: { previousValidUntil: now + 60_000 } });
    const during = status([outcome]);
    const after = status([outcome], one.key, now + 60_000);

    it('reports once that it has ended, without an ak', () => {
      const note = 'The previous key pair of main is no longer valid';
      expect(transitionEvents(during, after)).toEqual([
        { type: 'Normal', reason: 'OverlapEnded', action: 'PatchSecret', note },
      ]);
      expect(transitionEvents(after, after)).toEqual([]);
    });

    it('reports nothing when it begins or continues', () => {
      expect(transitionEvents(during, status([outcome], one.key, now + 59_999))).toEqual([]);
      expect(transitionEvents(status([present(pair, keyPair(9))]), during)).toEqual([]);
    });

    it('does not report the end if the pair itself was replaced', () => {
      expect(transitionEvents(during, status([present(pair, keyPair(3))]))).toEqual([]);
    });
  });

  it('does not report the expiry of a pair that was disabled before', () => {
    const pair = { ...main, expiresAt: at(60) };
    const before = status([present({ ...pair, enabled: false })]);
    expect(transitionEvents(before, status([present(pair)], one.key, now + 60_000))).toEqual([]);
  });

  describe('for a previous pair that is in use', () => {
    const validUntil = at(60);
    const during = (lastUsed?: number) => {
      const previous = { accessKey: keyPair(9).ak, validUntil, ...(lastUsed && { lastUsedTime: at(lastUsed) }) };
      return { keyPairs: [pairStatus({ createdAt: at(-1800), previous })] };
    };
    const ended = { keyPairs: [pairStatus({ createdAt: at(-1800) })] };

    it.each([
      ['during the overlap', -60, ['Warning OverlapEnded']],
      ['only before the rotation', -1801, ['Normal OverlapEnded']],
      ['never', undefined, ['Normal OverlapEnded']],
      ['in the future, because a clock was ahead', 86_400, ['Normal OverlapEnded']],
    ])('reports the end of the overlap; it was used %s', (_, lastUsed, expected) => {
      const events = transitionEvents(during(lastUsed), ended);
      expect(events.map(({ type, reason }) => `${type} ${reason}`)).toEqual(expected);
      const lastUse = `; it was last used during the overlap, at ${at(-60)}`;
      expect(events[0]?.note.includes(lastUse)).toBe(lastUsed === -60);
    });

    it('warns if the next rotation ends the overlap', () => {
      const rotated = { keyPairs: [pairStatus({ accessKey: keyPair(3).ak, createdAt: at(0) })] };
      expect(transitionEvents(during(-60), rotated)).toMatchObject([{ type: 'Warning', reason: 'OverlapEnded' }]);
      expect(transitionEvents(during(), rotated)).toEqual([]);
    });

    it('reports that the overlap is extended', () => {
      const [pair = pairStatus()] = during(-60).keyPairs;
      const extended = { keyPairs: [{ ...pair, previous: { accessKey: keyPair(9).ak, validUntil: at(120) } }] };
      const note = `The previous key pair of main is in use and stays valid until ${at(120)}`;
      expect(transitionEvents(during(-60), extended)).toEqual([
        { type: 'Normal', reason: 'OverlapExtended', action: 'PatchSecret', note },
      ]);
      expect(transitionEvents(extended, during(-60))).toEqual([]);
    });
  });

  describe('for a pair that is stopped', () => {
    const used = (seconds: number) => ({ keyPairs: [pairStatus({ lastUsedTime: at(seconds) })] });
    const disabled = { keyPairs: [pairStatus({ state: 'Disabled' })] };

    it.each([
      ['disabled', disabled],
      ['removed', {}],
    ])('warns if it was used within the last hour: %s', (what, after) => {
      const note = `Key pair main was ${what}; it was last used at ${at(-3600)}`;
      expect(transitionEvents(used(-3600), after)).toEqual([
        { type: 'Warning', reason: 'KeyPairInUse', action: 'UpdateStatus', note },
      ]);
      expect(transitionEvents(used(-3601), after)).toEqual([]);
      expect(transitionEvents(used(86_400), after), 'a clock was ahead').toEqual([]);
      expect(transitionEvents({ keyPairs: [pairStatus()] }, after)).toEqual([]);
    });

    it('counts the use of its previous pair', () => {
      const previous = { accessKey: keyPair(9).ak, validUntil: at(60), lastUsedTime: at(-1) };
      const before = { keyPairs: [pairStatus({ state: 'Rotating', previous })] };
      expect(transitionEvents(before, disabled)).toMatchObject([
        { reason: 'OverlapEnded' },
        { reason: 'KeyPairInUse' },
      ]);
    });

    it('does not warn about a pair that has expired, was disabled before, or is in conflict', () => {
      const [pair = pairStatus()] = used(-1).keyPairs;
      const stoppedBefore = { keyPairs: [{ ...pair, state: 'Disabled' as const }] };
      expect(transitionEvents(stoppedBefore, {})).toEqual([]);
      for (const state of ['Expired', 'Conflict', 'Pending'] as const) {
        const reasons = transitionEvents(used(-1), { keyPairs: [{ ...pair, state }] }).map(({ reason }) => reason);
        expect(reasons).not.toContain('KeyPairInUse');
      }
    });

    it('warns if the AccessKey is deleted', () => {
      expect(deletionEvents({ status: used(-1) }, now)).toMatchObject([{ type: 'Warning', reason: 'KeyPairInUse' }]);
      expect(deletionEvents({ status: used(-3601) }, now)).toEqual([]);
    });
  });
});
