import { describe, expect, test } from 'vitest';
import type { KeyPairSpecs } from '../../../../src/accesskey/change/access-key-api.ts';
import type { AccessKeyStatus } from '../../../../src/accesskey/model/types.generated.ts';
import { ConsoleError } from '../../../../src/web/common/console-error.ts';
import { addPair, applyAction, editPair, whyNotAdd } from '../../../../src/web/keys/pair-list.ts';
import { pairStatus } from '../../../support/builders.ts';

const ci = { name: 'ci', enabled: true, revision: 3, rotation: { interval: '24h' }, secret: { name: 's' } };
const none = { expiresAt: undefined, description: undefined };

/** @returns the message key of the ConsoleError that a function throws, or undefined */
function errorKeyOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof ConsoleError)) throw error;
    return error.key;
  }
}

const live = (keyPairs: KeyPairSpecs, status: AccessKeyStatus = {}) => ({
  spec: { user: { name: 'ann' }, keyPairs },
  status,
});

describe('a change of the key pairs', () => {
  test('rotates a pair without a revision with the next one after the recorded revision', () => {
    const status = { keyPairs: [pairStatus({ name: 'ci', revision: 5 })] };
    expect(applyAction(live([{ name: 'ci' }], status), 'ci', 'rotate')).toEqual([{ name: 'ci', revision: 6 }]);
  });

  test('rotates a pair whose revision was lowered with the next one after the recorded revision', () => {
    const status = { keyPairs: [pairStatus({ name: 'ci', revision: 5 })] };
    expect(applyAction(live([ci], status), 'ci', 'rotate')).toEqual([{ ...ci, revision: 6 }]);
  });

  test('revokes the tokens that were issued up to now, with the next whole second', () => {
    const revoke = (now: number) => applyAction(live([ci]), 'ci', 'revoke', { now });
    expect(revoke(Date.UTC(2026, 0, 1, 8, 0, 0, 0))).toEqual([{ ...ci, tokensNotBefore: '2026-01-01T08:00:01Z' }]);
    expect(revoke(Date.UTC(2026, 0, 1, 8, 0, 0, 999))).toEqual([{ ...ci, tokensNotBefore: '2026-01-01T08:00:01Z' }]);
  });

  test('rotates a pair with an overlap, unless another pair is enabled', () => {
    const rotated = { ...ci, revision: 4, rotation: { interval: '24h', overlap: '1h' } };
    expect(applyAction(live([ci]), 'ci', 'rotate', { overlap: '1h' })).toEqual([rotated]);
    const both = live([ci, { name: 'b' }]);
    expect(errorKeyOf(() => applyAction(both, 'ci', 'rotate', { overlap: '1h' }))).toBe('rejectedOverlap');
  });

  test('keeps all other fields of a pair', () => {
    expect(applyAction(live([ci]), 'ci', 'rotate')).toEqual([{ ...ci, revision: 4 }]);
    expect(applyAction(live([{ name: 'ci' }]), 'ci', 'rotate')).toEqual([{ name: 'ci', revision: 2 }]);
    expect(applyAction(live([ci]), 'ci', 'disable')).toEqual([{ ...ci, enabled: false }]);
    expect(applyAction(live([ci, { name: 'b' }]), 'ci', 'delete')).toEqual([{ name: 'b' }]);
    const details = { expiresAt: '2030-01-01T00:00:00Z', description: 'd' };
    expect(editPair([ci], 'ci', details)).toEqual([{ ...ci, ...details }]);
    expect(editPair([{ ...ci, ...details }], 'ci', none)).toEqual([ci]);
    expect(addPair([ci], 'b', none)).toEqual([ci, { name: 'b' }]);
  });

  test('is rejected if it would exceed two pairs, duplicate a name, or if the pair does not exist', () => {
    const overlapping = { ...ci, rotation: { overlap: '1h' } };
    expect(errorKeyOf(() => addPair([ci, { name: 'b' }], 'c', none))).toBe('rejectedTooManyPairs');
    expect(errorKeyOf(() => addPair([ci], 'ci', none))).toBe('rejectedNameTaken');
    const status = { keyPairs: [pairStatus({ name: 'ci' }), pairStatus({ name: 'b' })] };
    expect(errorKeyOf(() => addPair([ci], 'b', none, status))).toBe('rejectedStillDeleted');
    expect(addPair([ci], 'c', none, status)).toEqual([ci, { name: 'c' }]);
    expect(whyNotAdd([overlapping])?.key).toBe('rejectedOverlap');
    expect(whyNotAdd([{ ...overlapping, enabled: false }])).toBeUndefined();
    const both: KeyPairSpecs = [overlapping, { name: 'b', enabled: false }];
    expect(errorKeyOf(() => applyAction(live(both), 'b', 'enable'))).toBe('rejectedOverlap');
    expect(errorKeyOf(() => applyAction(live([ci]), 'x', 'delete'))).toBe('rejectedNoPair');
  });
});
