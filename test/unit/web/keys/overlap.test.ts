import { describe, expect, test } from 'vitest';
import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { overlapChoice } from '../../../../src/web/keys/overlap.ts';
import { known } from '../../../support/builders.ts';

function choiceFor(pair: KeyPairSpec, others: KeyPairSpec[] = [], managedFields: object[] = []) {
  return overlapChoice({ ...known({ keyPairs: [pair, ...others] }), managedFields }, pair);
}

describe('the overlap of a rotation', () => {
  test.each<[string, KeyPairSpec, string[], string]>([
    ['a pair without rotation', { name: 'ci' }, ['0s', '1h', '24h', '168h'], '0s'],
    [
      'a pair with another overlap',
      { name: 'ci', rotation: { overlap: '36h' } },
      ['0s', '1h', '24h', '36h', '168h'],
      '36h',
    ],
    ['a pair with a short interval', { name: 'ci', rotation: { interval: '24h' } }, ['0s', '1h'], '0s'],
    ['a pair with an overlap of zero', { name: 'ci', rotation: { overlap: '0h' } }, ['0s', '1h', '24h', '168h'], '0s'],
  ])('of %s', (_what, pair, options, current) => {
    expect(choiceFor(pair)).toEqual({ options, current, other: undefined, manager: undefined });
  });

  test('is not offered beside another enabled pair', () => {
    expect(choiceFor({ name: 'ci' }, [{ name: 'b' }])).toMatchObject({ options: ['0s'], other: 'b' });
    expect(choiceFor({ name: 'ci' }, [{ name: 'b', enabled: false }]).options).toContain('24h');
  });

  test('is not offered if another tool manages the rotation', () => {
    const pair = { 'k:{"name":"ci"}': { 'f:rotation': { 'f:interval': {} } } };
    const entry = { manager: 'flux', operation: 'Apply', fieldsV1: { 'f:spec': { 'f:keyPairs': pair } } };
    expect(choiceFor({ name: 'ci' }, [], [entry]).manager).toBe('flux');
  });
});
