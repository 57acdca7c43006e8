import { describe, expect, it } from 'vitest';
import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { findPair, keptValues, newContent, withFound } from '../../../../src/accesskey/reconcile/secret-content.ts';
import { digestOf, isKey } from '../../../../src/credential/key-pair.ts';
import { pairAt, toLiveSecret, toSecretRecord } from '../../../../src/credential/secret-record.ts';
import { accessKey, keyPair, now, rawSecret, type SecretParts } from '../../../support/builders.ts';

const main: KeyPairSpec = { name: 'main' };
const custom = { name: 'main', secret: { akKey: 'user', skKey: 'password' } };
const exchanged = { name: 'main', secret: { akKey: 'sk', skKey: 'ak' } };

function find(parts: SecretParts, pair: KeyPairSpec, knownAk?: string) {
  return findPair({ live: toLiveSecret(rawSecret(parts)), pair, knownAk });
}

describe('pairAt', () => {
  it('reads the pair under these keys', () => {
    expect(pairAt(rawSecret().data, { ak: 'ak', sk: 'sk' })).toEqual(keyPair());
    expect(pairAt(rawSecret().data, { ak: 'user', sk: 'sk' })).toBeUndefined();
    expect(pairAt({}, { ak: 'ak', sk: 'sk' })).toBeUndefined();
  });

  it.each(['constructor', '__proto__'])('finds nothing under the key %s when the data has none', (key) => {
    expect(pairAt(rawSecret().data, { ak: key, sk: 'sk' })).toBeUndefined();
  });
});

describe('findPair', () => {
  it('finds the pair where it is noted to be, whatever the spec says by now', () => {
    expect(find({}, custom)).toEqual(keyPair());
    expect(find({ of: accessKey({ keyPairs: [custom] }) }, main)).toEqual(keyPair());
  });

  it('finds it under the keys of the spec when the notes are lost', () => {
    expect(find({ of: accessKey({ keyPairs: [custom] }), annotations: {} }, custom)).toEqual(keyPair());
  });

  it('finds the one that is known, when either way of reading finds one', () => {
    const parts = { of: accessKey({ keyPairs: [exchanged] }), annotations: {} };
    expect(find(parts, exchanged, keyPair().ak)).toEqual(keyPair());
    expect(find({}, exchanged, keyPair().ak)).toEqual(keyPair());
  });

  it('prefers where the spec wants it, when the known ak is in two places', () => {
    const keys = { 'ghippo.io/ak-key': 'ak', 'ghippo.io/sk-key': 'token' };
    const parts = { annotations: keys, data: { token: keyPair(8).sk } };
    expect(find(parts, main, keyPair().ak)).toEqual(keyPair());
  });

  it('finds no pair in one key twice', () => {
    expect(find({ data: { sk: keyPair().ak } }, main, keyPair().ak)).toBeUndefined();
  });

  it('goes by the notes when none of the two is known', () => {
    expect(find({}, exchanged, keyPair(5).ak)).toEqual(keyPair());
    expect(find({}, exchanged)).toEqual(keyPair());
  });

  it('finds nothing in what is malformed', () => {
    expect(find({ data: { sk: 'broken' } }, main, keyPair().ak)).toBeUndefined();
  });
});

describe('withFound', () => {
  it('has the pair and not its sk', () => {
    const record = withFound(toSecretRecord(rawSecret({ data: { ak: 'x' } })), keyPair());
    expect(record.pair).toEqual({ ak: keyPair().ak, digest: digestOf(keyPair().sk) });
    expect(JSON.stringify(record)).not.toContain(keyPair().sk);
  });
});

describe('keptValues', () => {
  const live = rawSecret({ previous: keyPair(9) });
  const facts = { revision: 1, generatedAt: now };

  it('keep the previous pair while it works', () => {
    expect(keptValues(toLiveSecret(live), keyPair(), { ...facts, previousValidUntil: now + 1 })).toEqual({
      pair: keyPair(),
      previous: keyPair(9),
    });
  });

  it('leave out one that is over or malformed', () => {
    expect(keptValues(toLiveSecret(live), keyPair(), { ...facts, previousValidUntil: undefined })).toEqual({
      pair: keyPair(),
    });
    const broken = rawSecret({ previous: { ...keyPair(9), sk: 'x' } });
    expect(keptValues(toLiveSecret(broken), keyPair(), { ...facts, previousValidUntil: now + 1 })).toEqual({
      pair: keyPair(),
    });
  });
});

describe('newContent', () => {
  const overlapping = { name: 'main', revision: 4, rotation: { overlap: '90m' } };

  it('is new, of the revision of the spec, made now', () => {
    const { values, facts } = newContent({ name: 'main', revision: 4 }, keyPair(), now);
    expect([isKey(values.pair.ak), isKey(values.pair.sk)]).toEqual([true, true]);
    expect(values).not.toHaveProperty('previous');
    expect(facts).toEqual({ revision: 4, generatedAt: now, previousValidUntil: undefined });
  });

  it('has the former pair beside it for the overlap of the spec', () => {
    const { values, facts } = newContent(overlapping, keyPair(), now);
    expect(values.previous).toEqual(keyPair());
    expect(facts.previousValidUntil).toBe(now + 5_400_000);
  });

  it('has none beside it when there was none', () => {
    const { values, facts } = newContent(overlapping, undefined, now);
    expect(values).not.toHaveProperty('previous');
    expect(facts.previousValidUntil).toBeUndefined();
  });

  it.each([undefined, { overlap: '0s' }, { interval: '1h' }])('has none beside it with the rotation %j', (rotation) => {
    const { values } = newContent({ name: 'main', ...(rotation && { rotation }) }, keyPair(), now);
    expect(values).not.toHaveProperty('previous');
  });
});
