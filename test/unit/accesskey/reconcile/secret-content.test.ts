import { describe, expect, it } from 'vitest';
import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { findPair, keptValues, newContent, withFound } from '../../../../src/accesskey/reconcile/secret-content.ts';
import { digestOf, isKey } from '../../../../src/credential/key-pair.ts';
import { toFetchedSecret, toSecretRecord } from '../../../../src/credential/secret-record.ts';
import { accessKey, keyPair, now, rawSecret, type SecretParts } from '../../../support/builders.ts';

const main: KeyPairSpec = { name: 'main' };
const custom = { name: 'main', secret: { akKey: 'user', skKey: 'password' } };
const swapped = { name: 'main', secret: { akKey: 'sk', skKey: 'ak' } };

function find(parts: SecretParts, pair: KeyPairSpec, knownAk?: string) {
  return findPair({ fetched: toFetchedSecret(rawSecret(parts)), pair, knownAk });
}

describe('findPair', () => {
  it('finds the pair under the annotated data keys, whatever the spec says', () => {
    expect(find({}, custom)).toEqual(keyPair());
    expect(find({ of: accessKey({ keyPairs: [custom] }) }, main)).toEqual(keyPair());
  });

  it('finds it under the data keys of the spec if the annotations are lost', () => {
    expect(find({ of: accessKey({ keyPairs: [custom] }), annotations: {} }, custom)).toEqual(keyPair());
  });

  it('prefers the known pair if both data keys hold a pair', () => {
    const parts = { of: accessKey({ keyPairs: [swapped] }), annotations: {} };
    expect(find(parts, swapped, keyPair().ak)).toEqual(keyPair());
    expect(find({}, swapped, keyPair().ak)).toEqual(keyPair());
  });

  it('prefers the data keys of the spec if the known ak is in two places', () => {
    const keys = { 'ghippo.io/ak-key': 'ak', 'ghippo.io/sk-key': 'token' };
    const parts = { annotations: keys, data: { token: keyPair(8).sk } };
    expect(find(parts, main, keyPair().ak)).toEqual(keyPair());
  });

  it('finds no pair if ak and sk are equal', () => {
    expect(find({ data: { sk: keyPair().ak } }, main, keyPair().ak)).toBeUndefined();
  });

  it('prefers the annotations if no pair is known', () => {
    expect(find({}, swapped, keyPair(5).ak)).toEqual(keyPair());
    expect(find({}, swapped)).toEqual(keyPair());
  });

  it('finds no pair in invalid data', () => {
    expect(find({ data: { sk: 'broken' } }, main, keyPair().ak)).toBeUndefined();
  });
});

describe('withFound', () => {
  it('contains the pair without its sk', () => {
    const record = withFound(toSecretRecord(rawSecret({ data: { ak: 'x' } })), keyPair());
    expect(record.pair).toEqual({ ak: keyPair().ak, digest: digestOf(keyPair().sk) });
    expect(JSON.stringify(record)).not.toContain(keyPair().sk);
  });
});

describe('keptValues', () => {
  const fetched = rawSecret({ previous: keyPair(9) });
  const facts = { revision: 1, generatedAt: now };

  it('keeps the previous pair while it is valid', () => {
    expect(keptValues(toFetchedSecret(fetched), keyPair(), { ...facts, previousValidUntil: now + 1 })).toEqual({
      current: keyPair(),
      previous: keyPair(9),
    });
  });

  it('drops a previous pair that has ended or is invalid', () => {
    expect(keptValues(toFetchedSecret(fetched), keyPair(), { ...facts, previousValidUntil: undefined })).toEqual({
      current: keyPair(),
    });
    const broken = rawSecret({ previous: { ...keyPair(9), sk: 'x' } });
    expect(keptValues(toFetchedSecret(broken), keyPair(), { ...facts, previousValidUntil: now + 1 })).toEqual({
      current: keyPair(),
    });
  });
});

describe('newContent', () => {
  const overlapping = { name: 'main', revision: 4, rotation: { overlap: '90m' } };

  it('has new keys, the revision of the spec and the current time', () => {
    const { values, facts } = newContent({ name: 'main', revision: 4 }, keyPair(), now);
    expect([isKey(values.current.ak), isKey(values.current.sk)]).toEqual([true, true]);
    expect(values).not.toHaveProperty('previous');
    expect(facts).toEqual({ revision: 4, generatedAt: now, previousValidUntil: undefined });
  });

  it('keeps the current pair as the previous one for the overlap', () => {
    const { values, facts } = newContent(overlapping, keyPair(), now);
    expect(values.previous).toEqual(keyPair());
    expect(facts.previousValidUntil).toBe(now + 5_400_000);
  });

  it('has no previous pair if there was no current one', () => {
    const { values, facts } = newContent(overlapping, undefined, now);
    expect(values).not.toHaveProperty('previous');
    expect(facts.previousValidUntil).toBeUndefined();
  });

  it.each([undefined, { overlap: '0s' }, { interval: '1h' }])(
    'has no previous pair with the rotation %j',
    (rotation) => {
      const { values } = newContent({ name: 'main', ...(rotation && { rotation }) }, keyPair(), now);
      expect(values).not.toHaveProperty('previous');
    },
  );
});
