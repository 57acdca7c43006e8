import { describe, expect, it } from 'vitest';
import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import {
  dataPatch,
  desiredData,
  desiredMetadata,
  labelsOf,
  metadataPatch,
} from '../../../../src/accesskey/reconcile/desired-secret.ts';
import { accessKey, at, keyPair, now, secret } from '../../../support/builders.ts';

const one = accessKey();
const main: KeyPairSpec = { name: 'main' };
const facts = { revision: 1, generatedAt: now - 1_800_000, previousValidUntil: undefined };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const template = 'ghippo.io/template';

function withMetadata(labels: Record<string, string>, annotations: Record<string, string> = labels): KeyPairSpec {
  return { name: 'main', secret: { labels, annotations } };
}

/** The change of metadata that a Secret of the pair as it was needs to be one of the pair as it is. */
function patchFrom(before: KeyPairSpec, after: KeyPairSpec, annotations: Record<string, string> = {}) {
  const found = secret({ of: accessKey({ keyPairs: [before] }) });
  const noted = { ...found, annotations: { ...found.annotations, ...annotations } };
  return metadataPatch(noted, desiredMetadata(one, after, facts));
}

describe('labelsOf', () => {
  it('names us, the AccessKey and the pair', () => {
    expect(labelsOf(one, main)).toEqual({
      'app.kubernetes.io/managed-by': 'accesskey-operator',
      'ghippo.io/access-key': 'ann',
      'ghippo.io/key-pair': 'main',
    });
  });
});

describe('desiredMetadata', () => {
  it('notes where the pair is, for which revision and when it was made', () => {
    const pair = { name: 'main', secret: { akKey: 'user', skKey: 'password' } };
    expect(desiredMetadata(one, pair, { ...facts, revision: 7 })).toEqual({
      labels: labelsOf(one, main),
      annotations: {
        'ghippo.io/ak-key': 'user',
        'ghippo.io/sk-key': 'password',
        'ghippo.io/revision': '7',
        'ghippo.io/generated-at': at(-1800),
      },
    });
  });

  it('notes until when the previous pair works', () => {
    const { annotations } = desiredMetadata(one, main, { ...facts, previousValidUntil: now + 60_999 });
    expect(annotations).toMatchObject({ 'ghippo.io/previous-valid-until': at(60) });
  });

  it('has what the spec says, and notes the names of it in a fixed order', () => {
    const { labels, annotations } = desiredMetadata(one, withMetadata({ team: 'a', app: 'b' }, { note: 'c' }), facts);
    expect(labels).toEqual({ team: 'a', app: 'b', ...labelsOf(one, main) });
    expect(annotations).toMatchObject({
      note: 'c',
      [template]: '{"labels":["app","team"],"annotations":["note"]}',
    });
  });

  it('lets the spec overwrite nothing of ours, should the CRD ever let it through', () => {
    const forged = { 'ghippo.io/key-pair': 'x', 'app.kubernetes.io/managed-by': 'x', 'ghippo.io/revision': '9' };
    const { labels, annotations } = desiredMetadata(one, withMetadata(forged), facts);
    expect(labels).toMatchObject(labelsOf(one, main));
    expect(annotations['ghippo.io/revision']).toBe('1');
  });
});

describe('desiredData', () => {
  it('has the pair under the keys of the spec, and the previous one under its own', () => {
    expect(desiredData(main, { pair: keyPair() })).toEqual(keyPair());
    const pair = { name: 'main', secret: { akKey: 'user', skKey: 'password' } };
    expect(desiredData(pair, { pair: keyPair(), previous: keyPair(9) })).toEqual({
      ...{ user: keyPair().ak, password: keyPair().sk },
      ...{ 'previous-ak': keyPair(9).ak, 'previous-sk': keyPair(9).sk },
    });
  });
});

describe('metadataPatch', () => {
  it('is nothing when all is as wanted', () => {
    expect(patchFrom(main, main)).toBeUndefined();
    expect(patchFrom(withMetadata({ team: 'a' }), withMetadata({ team: 'a' }))).toBeUndefined();
  });

  it('is nothing for labels and annotations of others', () => {
    const found = secret();
    const extended = {
      ...found,
      labels: { ...found.labels, team: 'x' },
      annotations: { ...found.annotations, a: 'b' },
    };
    expect(metadataPatch(extended, desiredMetadata(one, main, facts))).toBeUndefined();
  });

  it('has only what changes', () => {
    expect(patchFrom(withMetadata({ team: 'a' }), withMetadata({ team: 'b' }))).toEqual({
      labels: { team: 'b' },
      annotations: { team: 'b' },
    });
  });

  it('takes away what the spec has no more, the note of it too', () => {
    expect(patchFrom(withMetadata({ team: 'a' }), main)).toEqual({
      labels: { team: null },
      annotations: { team: null, [template]: null },
    });
  });

  it('takes the end of an overlap away', () => {
    const found = secret({ facts: { previousValidUntil: now } });
    expect(metadataPatch(found, desiredMetadata(one, main, facts))).toEqual({
      labels: {},
      annotations: { 'ghippo.io/previous-valid-until': null },
    });
  });

  it.each(['toString', 'constructor', 'valueOf'])(
    'treats the name %s, which every object has, as any other',
    (name) => {
      expect(patchFrom(withMetadata({ [name]: 'a' }), withMetadata({ [name]: 'a' }))).toBeUndefined();
      expect(patchFrom(main, withMetadata({ [name]: 'a' }))).toMatchObject({ labels: { [name]: 'a' } });
      expect(patchFrom(withMetadata({ [name]: 'a' }), main)).toMatchObject({ labels: { [name]: null } });
      expect(Object.hasOwn(patchFrom(main, main, { [template]: `{"labels":["${name}"]}` })?.labels ?? {}, name)).toBe(
        false,
      );
    },
  );

  describe('with a forged note of what came from the spec', () => {
    it('takes nothing of ours away', () => {
      const ours = Object.keys(labelsOf(one, main));
      const notes = Object.keys(secret().annotations);
      const forged = { [template]: JSON.stringify({ labels: ours, annotations: notes }) };
      expect(patchFrom(main, main, forged)).toEqual({ labels: {}, annotations: { [template]: null } });
    });

    it('takes no other name in our domain away either', () => {
      const found = secret();
      const names = { 'ghippo.io/adopt': 'ann/main', 'ghippo.io/later': 'x' };
      const forged = { [template]: JSON.stringify({ labels: Object.keys(names), annotations: Object.keys(names) }) };
      const marked = {
        ...found,
        labels: { ...found.labels, ...names },
        annotations: { ...found.annotations, ...names, ...forged },
      };
      expect(metadataPatch(marked, desiredMetadata(one, main, facts))).toEqual({
        labels: {},
        annotations: { [template]: null },
      });
    });

    it.each([
      'not JSON',
      'null',
      '[]',
      '7',
      '"labels"',
      '{"labels":"team"}',
      '{"labels":[1,null,{}]}',
      '{"labels":{"0":"team"},"annotations":null}',
    ])('that is none, %s, takes nothing away but itself', (note) => {
      expect(patchFrom(main, main, { [template]: note })).toEqual({ labels: {}, annotations: { [template]: null } });
    });

    it('is mended when the spec has labels', () => {
      const pair = withMetadata({ team: 'a' });
      expect(patchFrom(pair, pair, { [template]: '{}' })).toEqual({
        labels: {},
        annotations: { [template]: '{"labels":["team"],"annotations":["team"]}' },
      });
    });
  });
});

describe('dataPatch', () => {
  const custom = { name: 'main', secret: { akKey: 'user', skKey: 'password' } };
  const wanted = { pair: keyPair() };
  const [ak, sk] = [base64(keyPair().ak), base64(keyPair().sk)];

  it('has the pair in base64', () => {
    expect(dataPatch(secret(), desiredData(main, wanted))).toEqual({
      ...{ ak, sk, 'previous-ak': null, 'previous-sk': null },
    });
  });

  it('takes away what was under the noted keys', () => {
    expect(dataPatch(secret(), desiredData(custom, wanted))).toMatchObject({ ak: null, sk: null, user: ak });
    const found = secret({ of: accessKey({ keyPairs: [custom] }) });
    expect(dataPatch(found, desiredData(main, wanted))).toMatchObject({ ak, sk, user: null, password: null });
  });

  it('writes both keys anew when they are exchanged', () => {
    const exchanged = { name: 'main', secret: { akKey: 'sk', skKey: 'ak' } };
    expect(dataPatch(secret(), desiredData(exchanged, wanted))).toMatchObject({ ak: sk, sk: ak });
  });

  it('keeps a previous pair that is wanted', () => {
    const both = { pair: keyPair(), previous: keyPair(9) };
    expect(dataPatch(secret(), desiredData(main, both))).toMatchObject({
      'previous-ak': base64(keyPair(9).ak),
      'previous-sk': base64(keyPair(9).sk),
    });
  });

  it('takes away a former key that every object has', () => {
    const found = secret({ of: accessKey({ keyPairs: [{ name: 'main', secret: { akKey: 'toString' } }] }) });
    expect(dataPatch(found, desiredData(main, wanted))).toHaveProperty('toString', null);
  });
});
