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
    ['the rotation interval', { rotation: { interval: '720h' } }, true],
    ['the longest overlap', { rotation: { maxOverlap: '72h' } }, true],
    ['the token in the Secret', { token: { key: 'token' } }, true],
    ['the audience of that token', { token: { audience: 'https://vault.example' } }, true],
    ['the token lifetime', { tokenLifetime: '1h' }, true],
    ['the allowed networks', { allowedCIDRs: ['10.0.0.0/8'] }, true],
  ])('is found by %s', (_what, change, expected) => {
    expect(hasChanged(fieldsOf(before), fieldsOf({ ...before, ...change }))).toBe(expected);
  });

  test('gives the current values to the fields that the person has not edited', () => {
    const current = { ...before, description: 'new', rotation: { overlap: '1h' } };
    const edited = { ...inputOf(before), validity: 'permanent' } as const;
    const { input, differences } = mergeInput(edited, fieldsOf(before), { pair: current }, now);
    expect(input).toEqual({ ...edited, description: 'new', overlap: '1h' });
    expect(differences).toEqual([{ field: 'expiresAt', current: '2030-01-01T08:00:00Z', entered: '' }]);
  });

  test('keeps the entries in fields that both have changed, and reports the difference', () => {
    const edited = { ...inputOf(before), description: 'mine' };
    const { input, differences } = mergeInput(
      edited,
      fieldsOf(before),
      { pair: { ...before, description: 'theirs' } },
      now,
    );
    expect(input).toEqual(edited);
    expect(differences).toEqual([{ field: 'description', current: 'theirs', entered: 'mine' }]);
  });

  test('reports no difference if both have entered the same', () => {
    const edited = { ...inputOf(before), description: 'same', overlap: undefined };
    const current = { ...before, description: 'same', rotation: { overlap: '1h' } };
    expect(mergeInput(edited, fieldsOf(before), { pair: current }, now)).toEqual({ input: edited, differences: [] });
  });

  test('is found by the audiences of the AccessKey, whose current value fills an unedited field', () => {
    const [base, audiences] = [fieldsOf(before, ['a']), ['a', 'b']];
    expect(hasChanged(base, fieldsOf(before, audiences))).toBe(true);
    const { input } = mergeInput(inputOf(before, ['a']), base, { pair: before, audiences }, now);
    expect(input.audiences).toBe('a\nb');
    const own = mergeInput({ ...inputOf(before, ['a']), audiences: 'c' }, base, { pair: before, audiences }, now);
    expect(own.differences).toEqual([{ field: 'audiences', current: 'a, b', entered: 'c' }]);
  });

  test('keeps an entered list that is only written differently', () => {
    const pair = { ...before, allowedCIDRs: ['10.0.0.0/8', '192.0.2.0/24'] };
    const edited = { ...inputOf(pair), allowedCIDRs: ' 10.0.0.0/8,192.0.2.0/24 ' };
    expect(mergeInput(edited, fieldsOf(pair), { pair }, now).differences).toEqual([]);
  });
});
