import { describe, expect, test } from 'vitest';
import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import {
  managedOptions,
  mapOptions,
  type OptionContext,
  type OptionTexts,
  optionProblems,
  optionsOf,
  readOptions,
  withOptions,
} from '../../../../src/web/keys/pair-options.ts';

const pair: KeyPairSpec = {
  name: 'ci',
  rotation: { interval: '720h', overlap: '24h', maxOverlap: '72h' },
  tokenLifetime: '1h',
  allowedCIDRs: ['10.0.0.0/8', '192.0.2.0/24'],
  token: { key: 'token', validFor: '24h', audience: 'https://vault.example' },
};
const texts = optionsOf(pair);
const empty = mapOptions(() => '');

describe('the options of a pair', () => {
  test('are shown as texts', () => {
    expect(texts).toEqual({
      interval: '720h',
      maxOverlap: '72h',
      tokenLifetime: '1h',
      allowedCIDRs: '10.0.0.0/8\n192.0.2.0/24',
      tokenKey: 'token',
      tokenValidFor: '24h',
      tokenAudience: 'https://vault.example',
    });
    expect(optionsOf({ name: 'ci' })).toEqual(empty);
    expect(optionsOf({ name: 'ci', token: {} }).tokenKey).toBe('token');
  });

  test('are set, kept and removed', () => {
    const { rotation: _, ...rest } = pair;
    expect(withOptions({ name: 'ci', rotation: { overlap: '24h' } }, texts)).toEqual(pair);
    expect(withOptions(pair, {})).toEqual(pair);
    expect(withOptions(pair, texts)).toEqual(pair);
    expect(withOptions(rest, empty)).toEqual({ name: 'ci' });
    expect(withOptions(pair, { interval: '', maxOverlap: '' }).rotation).toEqual({ overlap: '24h' });
    expect(withOptions(pair, { tokenAudience: '' }).token).toEqual({ key: 'token', validFor: '24h' });
    expect(withOptions({ name: 'ci' }, { tokenKey: 'jwt' })).toEqual({ name: 'ci', token: { key: 'jwt' } });
  });

  test('are undefined if the form does not have the field', () => {
    const values = new Map([['interval', ['']]]);
    const form = { text: (name: string) => values.get(name)?.[0], all: (name: string) => values.get(name) ?? [] };
    expect(readOptions(form)).toEqual({ ...mapOptions(() => undefined), interval: '' });
  });

  test.each<[Partial<OptionTexts>, object]>([
    [{}, {}],
    [{ interval: '59m' }, { interval: 'badInterval' }],
    [{ interval: '30d' }, { interval: 'badInterval' }],
    [{ interval: '24h', maxOverlap: '' }, { interval: 'badInterval' }],
    [{ interval: '' }, {}],
    [{ maxOverlap: '23h' }, { maxOverlap: 'badMaxOverlap' }],
    [{ maxOverlap: '24h' }, {}],
    [{ maxOverlap: '720h' }, { maxOverlap: 'badMaxOverlap' }],
    [{ maxOverlap: '3d' }, { maxOverlap: 'badMaxOverlap' }],
    [{ tokenLifetime: '9m' }, { tokenLifetime: 'badTokenLifetime' }],
    [{ allowedCIDRs: '10.0.0.1/8' }, { allowedCIDRs: 'badNetworks' }],
    [{ tokenKey: '' }, { tokenKey: 'missingTokenKey' }],
    [{ tokenKey: '', tokenValidFor: '', tokenAudience: '' }, {}],
    [{ tokenKey: 'a b' }, { tokenKey: 'badTokenKey' }],
    [{ tokenKey: '..x' }, { tokenKey: 'badTokenKey' }],
    [{ tokenKey: '.' }, { tokenKey: 'badTokenKey' }],
    [{ tokenKey: 'sk' }, { tokenKey: 'badTokenKey' }],
    [{ tokenKey: 'previous-ak' }, { tokenKey: 'badTokenKey' }],
    [{ tokenKey: 'x'.repeat(254) }, { tokenKey: 'badTokenKey' }],
    [{ tokenValidFor: '5m' }, { tokenValidFor: 'badTokenValidFor' }],
    [{ tokenAudience: 'https://other.example' }, { tokenAudience: 'badTokenAudience' }],
  ])('with %o have the problems %o', (change, problems) => {
    const context = { overlap: '24h', audiences: ['https://vault.example'] };
    expect(optionProblems({ ...texts, ...change }, context)).toEqual(problems);
  });

  test('cannot extend an overlap that is not selected', () => {
    const context: OptionContext = { overlap: '0s', audiences: [] };
    expect(optionProblems({ ...empty, maxOverlap: '72h' }, context)).toEqual({ maxOverlap: 'badMaxOverlap' });
  });

  test('cannot replace the ak or the sk under another data key', () => {
    const secret = { akKey: 'id', skKey: 'password' };
    const context: OptionContext = { overlap: undefined, audiences: [], pair: { name: 'ci', secret } };
    expect(optionProblems({ ...empty, tokenKey: 'password' }, context)).toEqual({ tokenKey: 'badTokenKey' });
    expect(optionProblems({ ...empty, tokenKey: 'sk' }, context)).toEqual({});
  });

  test('are left out of the form if another tool manages them', () => {
    const ofPair = { 'f:tokenLifetime': {}, 'f:token': { 'f:key': {} }, 'f:rotation': { 'f:overlap': {} } };
    const fieldsV1 = { 'f:spec': { 'f:keyPairs': { 'k:{"name":"ci"}': ofPair } } };
    const managedFields = [{ manager: 'flux', operation: 'Apply', fieldsV1 }];
    expect(managedOptions({ managedFields }, 'ci')).toEqual([
      ...['interval', 'maxOverlap', 'tokenLifetime', 'tokenKey', 'tokenValidFor', 'tokenAudience'],
    ]);
    expect(managedOptions({ managedFields }, 'other')).toEqual([]);
  });
});
