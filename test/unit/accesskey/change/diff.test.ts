import { describe, expect, it } from 'vitest';
import { diffKeyPairs } from '../../../../src/accesskey/change/diff.ts';

const ci = { name: 'ci', revision: 2 };

describe('diffKeyPairs', () => {
  it.each([
    ['created', [], [ci]],
    ['deleted', [ci], []],
    ['rotated', [ci], [{ ...ci, revision: 3 }]],
    ['rotated', [{ name: 'ci' }], [{ name: 'ci', revision: 2 }]],
    ['rotated', [ci], [{ ...ci, revision: 3, rotation: { overlap: '1h' } }]],
    ['disabled', [ci], [{ ...ci, enabled: false }]],
    ['disabled', [{ ...ci, enabled: true }], [{ ...ci, enabled: false, description: 'paused' }]],
    ['enabled', [{ ...ci, enabled: false }], [ci]],
    ['edited', [ci], [{ ...ci, description: 'CI' }]],
    ['edited', [ci], [{ ...ci, expiresAt: '2030-01-01T00:00:00Z' }]],
    ['edited', [ci], [{ ...ci, revision: 1 }]],
  ])('finds that a key pair was %s', (action, before, after) => {
    expect(diffKeyPairs(before, after)).toEqual([{ action, pairName: 'ci' }]);
  });

  it('finds every key pair that differs, and no other', () => {
    expect(diffKeyPairs([ci, { name: 'a' }], [{ ...ci }, { name: 'b' }])).toEqual([
      { action: 'deleted', pairName: 'a' },
      { action: 'created', pairName: 'b' },
    ]);
  });
});
