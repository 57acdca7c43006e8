import { describe, expect, test } from 'vitest';
import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { fieldsOf, hasChanged, mergeInput } from '../../../../src/web/keys/pair-conflict.ts';
import { inputOf } from '../../../../src/web/keys/pair-input.ts';
import { now } from '../../../support/builders.ts';

const before: KeyPairSpec = { name: 'ci', description: 'old', expiresAt: '2030-01-01T08:00:00Z' };

describe('a pair that has changed while a person edits it', () => {
  test.each<[string, Partial<KeyPairSpec>, boolean]>([
    ['nothing', {}, false],
    ['a field that the form does not have', { enabled: false, revision: 9 }, false],
    ['the description', { description: 'new' }, true],
    ['the expiry', { expiresAt: '2031-01-01T08:00:00Z' }, true],
    ['the overlap', { rotation: { overlap: '1h' } }, true],
  ])('is found by %s', (_what, change, expected) => {
    expect(hasChanged(fieldsOf(before), { ...before, ...change })).toBe(expected);
  });

  test('gives the current values to the fields that the person has not edited', () => {
    const current = { ...before, description: 'new', rotation: { overlap: '1h' } };
    const edited = { ...inputOf(before), validity: 'permanent' } as const;
    const { input, differences } = mergeInput(edited, fieldsOf(before), current, now);
    expect(input).toEqual({ ...edited, description: 'new', overlap: '1h' });
    expect(differences).toEqual([{ field: 'expiresAt', current: '2030-01-01T08:00:00Z', entered: '' }]);
  });

  test('keeps the entries in fields that both have changed, and reports the difference', () => {
    const edited = { ...inputOf(before), description: 'mine' };
    const { input, differences } = mergeInput(edited, fieldsOf(before), { ...before, description: 'theirs' }, now);
    expect(input).toEqual(edited);
    expect(differences).toEqual([{ field: 'description', current: 'theirs', entered: 'mine' }]);
  });

  test('reports no difference if both have entered the same', () => {
    const edited = { ...inputOf(before), description: 'same', overlap: undefined };
    const current = { ...before, description: 'same', rotation: { overlap: '1h' } };
    expect(mergeInput(edited, fieldsOf(before), current, now)).toEqual({ input: edited, differences: [] });
  });
});
