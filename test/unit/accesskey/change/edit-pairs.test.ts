import { describe, expect, it } from 'vitest';
import { addPair, applyAction, EditError, isInUse, withOverlap } from '../../../../src/accesskey/change/edit-pairs.ts';
import { at, known, now, pairStatus } from '../../../support/builders.ts';

/** @returns the problem of the EditError that a function throws */
function problemOf(edit: () => unknown): unknown {
  try {
    return edit();
  } catch (error) {
    if (!(error instanceof EditError)) throw error;
    return error.problem;
  }
}

describe('withOverlap', () => {
  it('sets and removes an overlap without changing other fields', () => {
    const pair = { name: 'ci', rotation: { interval: '720h' } };
    expect(withOverlap(pair, '24h')).toEqual({ name: 'ci', rotation: { interval: '720h', overlap: '24h' } });
    expect(withOverlap({ name: 'ci', rotation: { overlap: '1h' } }, '0s')).toEqual({ name: 'ci' });
    expect(withOverlap(pair, '0s')).toEqual(pair);
    const limited = { name: 'ci', rotation: { overlap: '1h', maxOverlap: '48h' } };
    expect(withOverlap(limited, '0s')).toEqual({ name: 'ci' });
    expect(withOverlap(limited, '24h').rotation).toEqual({ overlap: '24h', maxOverlap: '48h' });
    expect(withOverlap(limited, '168h').rotation).toEqual({ overlap: '168h' });
  });
});

describe('isInUse', () => {
  it.each<[string, object, boolean]>([
    ['a minute ago', { lastUsedTime: at(-60) }, true],
    ['an hour ago', { lastUsedTime: at(-3_600) }, false],
    ['a minute ago as the previous pair', { previous: { accessKey: 'x', lastUsedTime: at(-60) } }, true],
    ['never', {}, false],
  ])('whose pair was used %s', (_when, status, expected) => {
    expect(isInUse(pairStatus(status), now)).toBe(expected);
  });
});

describe('addPair', () => {
  it('adds a pair at the end', () => {
    expect(addPair(known({ keyPairs: [{ name: 'a' }] }), { name: 'b' })).toEqual([{ name: 'a' }, { name: 'b' }]);
  });

  it.each([
    ['a third pair', [{ name: 'a' }, { name: 'b' }], { name: 'c' }, { reason: 'too-many' }],
    ['a name that is taken', [{ name: 'a' }], { name: 'a' }, { reason: 'name-taken', pair: 'a' }],
    [
      'a name that is taken at the limit',
      [{ name: 'a' }, { name: 'b' }],
      { name: 'b' },
      { reason: 'name-taken', pair: 'b' },
    ],
    [
      'an overlap next to an enabled pair',
      [{ name: 'a' }],
      { name: 'b', rotation: { overlap: '1h' } },
      { reason: 'overlap', pair: 'b' },
    ],
  ])('rejects %s', (_, keyPairs, pair, problem) => {
    expect(problemOf(() => addPair(known({ keyPairs }), pair))).toEqual(problem);
  });
});

describe('applyAction', () => {
  it('rejects a pair that does not exist', () => {
    expect(problemOf(() => applyAction(known({ keyPairs: [{ name: 'a' }] }), 'x', 'rotate'))).toEqual({
      reason: 'no-pair',
      pair: 'x',
    });
  });

  it('does not revoke tokens without the time, which would revoke nothing', () => {
    expect(() => applyAction(known({ keyPairs: [{ name: 'a' }] }), 'a', 'revoke')).toThrow(RangeError);
  });
});
