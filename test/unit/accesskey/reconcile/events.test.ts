import { describe, expect, it } from 'vitest';
import { changeEvents, combineEvents, removedEvent } from '../../../../src/accesskey/reconcile/events.ts';
import type { PairChange, PairOutcome } from '../../../../src/accesskey/reconcile/outcome.ts';
import { keyPair } from '../../../support/builders.ts';
import { conflict as conflictOf, failed as failedOf, present as presentOf } from './outcomes.ts';

function present(change: PairChange, malformed: string[] = []): PairOutcome {
  return { ...presentOf(), change, malformed, ...(change === 'rotated' && { cause: 'interval' }) };
}

const conflict = conflictOf('main');
const failed = (message: string) => failedOf('main', message);

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
      ...(['adopted', [], 'Warning', 'KeyPairAdopted', 'PatchSecret'] as const),
      'Adopted Secret ann-main with its key pair main, as requested by an unknown client',
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

  it('names the field manager that marked an adopted Secret', () => {
    const [event] = changeEvents({ ...present('adopted'), manager: 'kubectl-annotate' });
    expect(event?.note).toBe(
      'Adopted Secret ann-main with its key pair main, as requested by field manager kubectl-annotate',
    );
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

describe('combineEvents', () => {
  it('makes one Event of those that differ only in their note', () => {
    const [created, removed] = [changeEvents(present('created')), removedEvent('a')];
    expect(combineEvents([...created, removed, removedEvent('b')])).toEqual([
      ...created,
      { ...removed, note: `${removed.note}. ${removedEvent('b').note}` },
    ]);
  });

  it('keeps Events with another reason or type', () => {
    const events = (['created', 'rotated', 'lost', 'moved'] as const).flatMap((change) =>
      changeEvents(present(change)),
    );
    expect(combineEvents(events)).toEqual(events);
  });
});
