import { describe, expect, it } from 'vitest';
import { lastChangeAnnotation, lastWriteOf } from '../../../../src/accesskey/model/last-write.ts';

const created = '2026-01-01T00:00:00Z';
const written = (manager: string, time: string) => ({ manager, time });
const annotated = (time: string, actor: unknown = 'ann') => ({
  [lastChangeAnnotation]: JSON.stringify({ time, actor, signedInWith: 'key pair', changes: [] }),
});
const lastWrite = (managedFields: object[], annotations = {}) =>
  lastWriteOf({ name: 'ann', resourceVersion: '1', creationTimestamp: created, managedFields, annotations });

describe('lastWriteOf', () => {
  it('is the creation if no write is recorded', () => {
    expect(lastWrite([])).toEqual({ updatedAt: created });
  });

  it('names the field manager of the last write to anything but the status', () => {
    const status = { ...written('accesskey-operator', '2026-01-09T00:00:00Z'), subresource: 'status' };
    const writes = [written('kubectl-edit', '2026-01-03T00:00:00Z'), written('helm', '2026-01-02T00:00:00Z'), status];
    expect(lastWrite(writes)).toEqual({ updatedAt: '2026-01-03T00:00:00Z', updatedWith: 'kubectl-edit' });
  });

  it.each(['accesskey-operator-console', 'accesskey-operator-api'])('names the user of a write with %s', (manager) => {
    const write = [written(manager, '2026-01-03T00:00:00Z')];
    expect(lastWrite(write, annotated('2026-01-03T00:00:02Z'))).toMatchObject({ updatedBy: 'ann' });
  });

  it('is the write of the operator if another one is in the same second', () => {
    const time = '2026-01-03T00:00:00Z';
    const writes = [written('accesskey-operator-api', time), written('kubectl-create', time)];
    for (const entries of [writes, writes.toReversed()]) {
      const expected = { updatedBy: 'ann', updatedWith: 'accesskey-operator-api' };
      expect(lastWrite(entries, annotated(time))).toMatchObject(expected);
    }
  });

  it.each([
    ['an earlier write', 'accesskey-operator-console', annotated('2026-01-02T00:00:00Z')],
    ['a write of another manager', 'kubectl-edit', annotated('2026-01-03T00:00:00Z')],
    ['an annotation that is no JSON', 'accesskey-operator-api', { [lastChangeAnnotation]: 'ann' }],
    ['an annotation that is null', 'accesskey-operator-api', { [lastChangeAnnotation]: 'null' }],
    ['an actor that is no text', 'accesskey-operator-api', annotated('2026-01-03T00:00:00Z', 7)],
  ])('names no user for %s', (_, manager, annotations) => {
    expect(lastWrite([written(manager, '2026-01-03T00:00:00Z')], annotations)).not.toHaveProperty('updatedBy');
  });
});
