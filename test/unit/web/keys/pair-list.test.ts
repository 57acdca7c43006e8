import { describe, expect, test } from 'vitest';
import type { AccessKeyStatus } from '../../../../src/accesskey/model/types.generated.ts';
import { ConsoleError } from '../../../../src/web/common/console-error.ts';
import type { KeyPairSpecs } from '../../../../src/web/keys/api.ts';
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
    expect(whyNotAdd([overlapping])?.key).toBe('rejectedOverlap');
    expect(whyNotAdd([{ ...overlapping, enabled: false }])).toBeUndefined();
    const both: KeyPairSpecs = [overlapping, { name: 'b', enabled: false }];
    expect(errorKeyOf(() => applyAction(live(both), 'b', 'enable'))).toBe('rejectedOverlap');
    expect(errorKeyOf(() => applyAction(live([ci]), 'x', 'delete'))).toBe('rejectedNoPair');
  });
});
