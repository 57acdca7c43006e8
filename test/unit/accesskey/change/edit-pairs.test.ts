import { describe, expect, it } from 'vitest';
import { addPair, applyAction, EditError, withOverlap } from '../../../../src/accesskey/change/edit-pairs.ts';
import { at, known, now } from '../../../support/builders.ts';

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

  it.each([
    ['none', undefined, at(1)],
    ['in the past', at(-60), at(1)],
    ['now, so tokens were issued with it', at(0), at(1)],
    ['in this second', at(0).replace('Z', '.5Z'), at(2)],
    ['in the next second, so tokens were issued with it', at(1), at(2)],
    ['ten minutes ahead, so no token was issued', at(600), at(600)],
    ['ten years ahead', '2036-01-01T00:00:00.5+08:00', '2036-01-01T00:00:00.5+08:00'],
    ['invalid', 'x', 'x'],
  ])('revokes tokens, and never lowers tokensNotBefore: %s', (_, tokensNotBefore, expected) => {
    const pair = { name: 'a', ...(tokensNotBefore !== undefined && { tokensNotBefore }) };
    expect(applyAction(known({ keyPairs: [pair] }), 'a', 'revoke', { now })).toEqual([
      { name: 'a', tokensNotBefore: expected },
    ]);
  });

  it('does not make revoked tokens valid again if the clock is behind', () => {
    const keyPairs = [{ name: 'a', tokensNotBefore: at(0) }];
    const [pair] = applyAction(known({ keyPairs }), 'a', 'revoke', { now: now - 120_000 });
    expect(pair?.tokensNotBefore).toBe(at(1));
  });
});
