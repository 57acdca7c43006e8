import { describe, expect, it } from 'vitest';
import type { PairOutcome } from '../../../src/accesskey/apply.ts';
import { changeEvents, transitionEvents } from '../../../src/accesskey/events.ts';
import { statusOf } from '../../../src/accesskey/status.ts';
import { KubernetesError } from '../../../src/kube/errors.ts';
import { accessKey, at, keyPair, now, secret } from '../../support/builders.ts';

const main = { name: 'main' };
const one = accessKey();

type Change = (PairOutcome & { kind: 'present' })['change'];

function present(change: Change, malformed: string[] = []): PairOutcome {
  return { kind: 'present', pair: main, secret: secret(), change, malformed };
}

const conflict: PairOutcome = { kind: 'conflict', pair: main, secretName: 'ann-main' };
const failed = (message: string): PairOutcome => ({
  ...{ kind: 'failed', pair: main, secretName: 'ann-main' },
  error: new KubernetesError(403, 'Forbidden', message, 0),
});

describe('changeEvents', () => {
  it.each<[Change, string[], string, string, string, string]>([
    ['created', [], 'Normal', 'KeyPairCreated', 'CreateSecret', 'Made key pair main in Secret ann-main'],
    ['moved', [], 'Normal', 'KeyPairMoved', 'CreateSecret', 'Moved key pair main to Secret ann-main, its keys stay'],
    [
      ...(['repaired', [], 'Normal', 'SecretRepaired', 'PatchSecret'] as const),
      'Restored the labels of Secret ann-main, key pair main stays',
    ],
    [
      ...(['regenerated', ['sk'], 'Warning', 'KeyPairRegenerated', 'PatchSecret'] as const),
      'Secret ann-main had no well-formed sk, made a new key pair main',
    ],
    [
      ...(['regenerated', ['ak', 'sk'], 'Warning', 'KeyPairRegenerated', 'PatchSecret'] as const),
      'Secret ann-main had no well-formed ak and sk, made a new key pair main',
    ],
    [
      ...(['lost', [], 'Warning', 'KeyPairRegenerated', 'CreateSecret'] as const),
      'Secret ann-main was deleted, made a new key pair main',
    ],
  ] as [Change, string[], string, string, string, string][])(
    '%s %j: %s %s',
    (change, malformed, type, reason, action, note) => {
      const events = changeEvents({ pairs: [present(change, malformed)], removed: [] });
      expect(events).toEqual([{ type, reason, action, note }]);
    },
  );

  it.each([
    ['nothing was done', present('none')],
    ['the name is taken', conflict],
    ['it failed', failed('no')],
  ])('tells nothing when %s', (_, outcome) => {
    expect(changeEvents({ pairs: [outcome], removed: [] })).toEqual([]);
  });

  it('tells of each pair and of each removed Secret', () => {
    const events = changeEvents({ pairs: [present('created'), present('lost')], removed: [secret({ name: 'left' })] });
    expect(events.map((event) => event.reason)).toEqual(['KeyPairCreated', 'KeyPairRegenerated', 'SecretRemoved']);
    expect(events[2]).toEqual({
      type: 'Normal',
      reason: 'SecretRemoved',
      action: 'DeleteSecret',
      note: 'Deleted Secret left, no key pair needs it any more',
    });
  });

  it('never holds a key', () => {
    const all: Change[] = ['created', 'moved', 'repaired', 'regenerated', 'lost'];
    const text = JSON.stringify(
      changeEvents({ pairs: all.map((change) => present(change, ['ak'])), removed: [secret()] }),
    );
    expect(text).not.toContain(keyPair().ak);
    expect(text).not.toContain(keyPair().sk);
  });
});

describe('transitionEvents', () => {
  const status = (outcomes: PairOutcome[], holder = one.key, time = now) => statusOf(one, holder, outcomes, time);
  const unseen = { observedGeneration: -1 };
  const ready = status([present('none')]);
  const stalled = status([conflict]);
  const claimed = status([], 'other/older');

  it.each([
    ['a first look that finds a problem', unseen, stalled, ['SecretConflict']],
    ['ready, then a problem', ready, stalled, ['SecretConflict']],
    ['one problem, then another', stalled, claimed, ['UserClaimed']],
    ['the same problem with another message', status([failed('a')]), status([failed('b')]), ['SecretFailed']],
    ['another holder of the claim', claimed, status([], 'other/oldest'), ['UserClaimed']],
    ['the same problem still', stalled, status([conflict], one.key, now + 60_000), []],
    ['a problem that is mended', stalled, ready, []],
    ['a first look that finds nothing wrong', unseen, ready, []],
    ['nothing new', ready, ready, []],
  ])('%s', (_, before, after, reasons) => {
    expect(transitionEvents(before, after).map((event) => event.reason)).toEqual(reasons);
  });

  it('tells a problem as a Warning with the message of the condition', () => {
    const note = 'user ann belongs to AccessKey other/older, delete one of the two';
    expect(transitionEvents(ready, claimed)).toEqual([
      { type: 'Warning', reason: 'UserClaimed', action: 'Reconcile', note },
    ]);
  });

  it('tells once that a pair has expired', () => {
    const pair = { ...main, expiresAt: at(60) };
    const outcome: PairOutcome = { kind: 'present', pair, secret: secret(), change: 'none', malformed: [] };
    const active = status([outcome]);
    const expired = status([outcome], one.key, now + 60_000);
    expect(transitionEvents(active, expired)).toEqual([
      { type: 'Normal', reason: 'KeyPairExpired', action: 'UpdateStatus', note: 'Key pair main has expired' },
    ]);
    expect(transitionEvents(expired, expired)).toEqual([]);
    expect(transitionEvents(unseen, expired)).toEqual([]);
  });
});
