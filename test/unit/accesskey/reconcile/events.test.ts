import { describe, expect, it } from 'vitest';
import type { AccessKeyStatus } from '../../../../src/accesskey/model/types.generated.ts';
import {
  changeEvents,
  transitionEvents as eventsBetween,
  removedEvent,
} from '../../../../src/accesskey/reconcile/events.ts';
import type { PairChange, PairOutcome } from '../../../../src/accesskey/reconcile/outcome.ts';
import { statusOf } from '../../../../src/accesskey/reconcile/status.ts';
import { accessKey, at, keyPair, now } from '../../../support/builders.ts';
import { conflict as conflictOf, failed as failedOf, outcomeOf, present as presentOf } from './outcomes.ts';

const main = { name: 'main' };
const one = accessKey();

function present(change: PairChange, malformed: string[] = []): PairOutcome {
  return { ...presentOf(), change, malformed, ...(change === 'rotated' && { cause: 'interval' }) };
}

const conflict = conflictOf('main');
const failed = (message: string) => failedOf('main', message);

function transitionEvents(status: AccessKeyStatus, after: AccessKeyStatus) {
  return eventsBetween({ status }, after);
}

describe('changeEvents', () => {
  it.each<[PairChange, string[], string, string, string, string]>([
    ['created', [], 'Normal', 'KeyPairCreated', 'CreateSecret', 'Created key pair main in Secret ann-main'],
    [
      'moved',
      [],
      'Normal',
      'KeyPairMoved',
      'CreateSecret',
      'Moved key pair main to Secret ann-main; its keys are unchanged',
    ],
    [
      ...(['updated', [], 'Normal', 'SecretUpdated', 'PatchSecret'] as const),
      'Updated Secret ann-main; key pair main is unchanged',
    ],
    [
      ...(['replaced', [], 'Warning', 'KeyPairReplaced', 'Reconcile'] as const),
      'Another client replaced key pair main in Secret ann-main',
    ],
    [
      ...(['adopted', [], 'Normal', 'KeyPairAdopted', 'PatchSecret'] as const),
      'Adopted Secret ann-main with its key pair main',
    ],
    [
      ...(['rotated', [], 'Normal', 'KeyPairRotated', 'PatchSecret'] as const),
      'Rotated key pair main in Secret ann-main: the rotation interval ended',
    ],
    [
      ...(['regenerated', ['sk'], 'Warning', 'KeyPairRegenerated', 'PatchSecret'] as const),
      'Secret ann-main had no valid sk; created a new key pair main',
    ],
    [
      ...(['regenerated', ['ak', 'sk'], 'Warning', 'KeyPairRegenerated', 'PatchSecret'] as const),
      'Secret ann-main had no valid ak and sk; created a new key pair main',
    ],
    [
      ...(['regenerated', [], 'Warning', 'KeyPairRegenerated', 'PatchSecret'] as const),
      'Secret ann-main had identical ak and sk; created a new key pair main',
    ],
    [
      ...(['lost', [], 'Warning', 'KeyPairRegenerated', 'CreateSecret'] as const),
      'Secret ann-main was deleted; created a new key pair main',
    ],
  ] as [PairChange, string[], string, string, string, string][])(
    '%s %j: %s %s',
    (change, malformed, type, reason, action, note) => {
      const events = changeEvents(present(change, malformed));
      expect(events).toEqual([{ type, reason, action, note }]);
    },
  );

  it.each([
    ['nothing changed', present('none')],
    ['the name is taken', conflict],
    ['a write failed', failed('no')],
  ])('returns nothing if %s', (_, outcome) => {
    expect(changeEvents(outcome)).toEqual([]);
  });

  it('names the lost Secret, not the one with the new pair', () => {
    const [event] = changeEvents({ ...present('lost'), lostSecretName: 'former' });
    expect(event?.note).toBe('Secret former was deleted; created a new key pair main');
  });

  it('reports a removed Secret', () => {
    expect(removedEvent('left')).toEqual({
      type: 'Normal',
      reason: 'SecretRemoved',
      action: 'DeleteSecret',
      note: 'Deleted Secret left because no key pair needs it',
    });
  });

  it('never contains a key', () => {
    const all: PairChange[] = ['created', 'adopted', 'moved', 'updated', 'rotated', 'regenerated', 'lost'];
    const text = JSON.stringify(all.flatMap((change) => changeEvents(present(change, ['ak']))));
    expect(text).not.toContain(keyPair().ak);
    expect(text).not.toContain(keyPair().sk);
  });
});

describe('transitionEvents', () => {
  const status = (outcomes: PairOutcome[], holder = one.key, time = now) =>
    statusOf({ accessKey: one, userHolder: holder, outcome: outcomeOf(outcomes), now: time });
  const unseen = { observedGeneration: -1 };
  const ready = status([present('none')]);
  const stalled = status([conflict]);
  const claimed = status([], 'other/older');

  it.each([
    ['a problem in the first status', unseen, stalled, ['SecretConflict']],
    ['a problem after ready', ready, stalled, ['SecretConflict']],
    ['a different problem', stalled, claimed, ['UserClaimed']],
    ['the same problem with another message', status([failed('a')]), status([failed('b')]), ['SecretFailed']],
    ['a different holder of the user', claimed, status([], 'other/oldest'), ['UserClaimed']],
    ['nothing for the same problem', stalled, status([conflict], one.key, now + 60_000), []],
    ['nothing for a solved problem', stalled, ready, []],
    ['nothing for a first status without problems', unseen, ready, []],
    ['nothing for an unchanged status', ready, ready, []],
  ])('returns %s', (_, before, after, reasons) => {
    expect(transitionEvents(before, after).map((event) => event.reason)).toEqual(reasons);
  });

  it('reports a problem as a Warning with the message of the condition', () => {
    const note = 'user ann is held by AccessKey other/older; delete one of the two AccessKeys';
    expect(transitionEvents(ready, claimed)).toEqual([
      { type: 'Warning', reason: 'UserClaimed', action: 'Reconcile', note },
    ]);
  });

  it('reports once that a pair has expired', () => {
    const pair = { ...main, expiresAt: at(60) };
    const outcome = presentOf(pair);
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
    const outcome = presentOf(pair, keyPair(), { previous: keyPair(9), facts: { previousValidUntil: now + 90_000 } });
    const [before, after] = [status([outcome]), status([outcome], one.key, now + 60_000)];
    expect(before.keyPairs).toMatchObject([{ state: 'Rotating' }]);
    expect(transitionEvents(before, after).map((event) => event.reason)).toEqual(['KeyPairExpired']);
  });

  describe('for an overlap', () => {
    const pair = { ...main, rotation: { overlap: '1h' } };
    const outcome = presentOf(pair, keyPair(), { previous: keyPair(9), facts: { previousValidUntil: now + 60_000 } });
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
      expect(transitionEvents(status([presentOf(pair, keyPair(9))]), during)).toEqual([]);
    });

    it('does not report the end if the pair itself was replaced', () => {
      expect(transitionEvents(during, status([presentOf(pair, keyPair(3))]))).toEqual([]);
    });
  });

  it('does not report the expiry of a pair that was disabled before', () => {
    const pair = { ...main, expiresAt: at(60) };
    const before = status([presentOf({ ...pair, enabled: false })]);
    expect(transitionEvents(before, status([presentOf(pair)], one.key, now + 60_000))).toEqual([]);
  });
});
