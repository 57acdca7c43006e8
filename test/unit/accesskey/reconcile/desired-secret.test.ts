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

/** The metadata patch for a change of the pair's spec. */
function patchFrom(before: KeyPairSpec, after: KeyPairSpec, annotations: Record<string, string> = {}) {
  const found = secret({ of: accessKey({ keyPairs: [before] }) });
  const annotated = { ...found, annotations: { ...found.annotations, ...annotations } };
  return metadataPatch(annotated, desiredMetadata(one, after, facts));
}

describe('labelsOf', () => {
  it('name the operator, the AccessKey and the pair', () => {
    expect(labelsOf(one, main)).toEqual({
      'app.kubernetes.io/managed-by': 'accesskey-operator',
      'ghippo.io/access-key': 'ann',
      'ghippo.io/key-pair': 'main',
    });
  });
});

describe('desiredMetadata', () => {
  it('annotates data keys, revision and generation time', () => {
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

  it('annotates the end of the overlap', () => {
    const { annotations } = desiredMetadata(one, main, { ...facts, previousValidUntil: now + 60_999 });
    expect(annotations).toMatchObject({ 'ghippo.io/previous-valid-until': at(60) });
  });

  it('includes the labels and annotations of the spec, and annotates their names in a fixed order', () => {
    const { labels, annotations } = desiredMetadata(one, withMetadata({ team: 'a', app: 'b' }, { note: 'c' }), facts);
    expect(labels).toEqual({ team: 'a', app: 'b', ...labelsOf(one, main) });
    expect(annotations).toMatchObject({
      note: 'c',
      [template]: '{"labels":["app","team"],"annotations":["note"]}',
    });
  });

  it('does not let the spec override our own, even if the CRD allowed it', () => {
    const forged = { 'ghippo.io/key-pair': 'x', 'app.kubernetes.io/managed-by': 'x', 'ghippo.io/revision': '9' };
    const { labels, annotations } = desiredMetadata(one, withMetadata(forged), facts);
    expect(labels).toMatchObject(labelsOf(one, main));
    expect(annotations['ghippo.io/revision']).toBe('1');
  });
});

describe('desiredData', () => {
  it('has the pair under the data keys of the spec, and the previous one under its fixed keys', () => {
    expect(desiredData(main, { current: keyPair() })).toEqual(keyPair());
    const pair = { name: 'main', secret: { akKey: 'user', skKey: 'password' } };
    expect(desiredData(pair, { current: keyPair(), previous: keyPair(9) })).toEqual({
      user: keyPair().ak,
      password: keyPair().sk,
      'previous-ak': keyPair(9).ak,
      'previous-sk': keyPair(9).sk,
    });
  });
});

describe('metadataPatch', () => {
  it('is undefined if everything is as desired', () => {
    expect(patchFrom(main, main)).toBeUndefined();
    expect(patchFrom(withMetadata({ team: 'a' }), withMetadata({ team: 'a' }))).toBeUndefined();
  });

  it('ignores labels and annotations that others added', () => {
    const found = secret();
    const extended = {
      ...found,
      labels: { ...found.labels, team: 'x' },
      annotations: { ...found.annotations, a: 'b' },
    };
    expect(metadataPatch(extended, desiredMetadata(one, main, facts))).toBeUndefined();
  });

  it('contains only changes', () => {
    expect(patchFrom(withMetadata({ team: 'a' }), withMetadata({ team: 'b' }))).toEqual({
      labels: { team: 'b' },
      annotations: { team: 'b' },
    });
  });

  it('removes what the spec no longer has, and the annotation with its names', () => {
    expect(patchFrom(withMetadata({ team: 'a' }), main)).toEqual({
      labels: { team: null },
      annotations: { team: null, [template]: null },
    });
  });

  it('removes the end of an overlap', () => {
    const found = secret({ facts: { previousValidUntil: now } });
    expect(metadataPatch(found, desiredMetadata(one, main, facts))).toEqual({
      labels: {},
      annotations: { 'ghippo.io/previous-valid-until': null },
    });
  });

  it.each(['toString', 'constructor', 'valueOf'])(
    'treats the name %s, which every object inherits, as any other',
    (name) => {
      expect(patchFrom(withMetadata({ [name]: 'a' }), withMetadata({ [name]: 'a' }))).toBeUndefined();
      expect(patchFrom(main, withMetadata({ [name]: 'a' }))).toMatchObject({ labels: { [name]: 'a' } });
      expect(patchFrom(withMetadata({ [name]: 'a' }), main)).toMatchObject({ labels: { [name]: null } });
      expect(Object.hasOwn(patchFrom(main, main, { [template]: `{"labels":["${name}"]}` })?.labels ?? {}, name)).toBe(
        false,
      );
    },
  );

  describe('with a forged template annotation', () => {
    it('removes none of our own', () => {
      const ours = Object.keys(labelsOf(one, main));
      const names = Object.keys(secret().annotations);
      const forged = { [template]: JSON.stringify({ labels: ours, annotations: names }) };
      expect(patchFrom(main, main, forged)).toEqual({ labels: {}, annotations: { [template]: null } });
    });

    it('removes no other name in our domain', () => {
      const found = secret();
      const names = { 'ghippo.io/other': 'ann/main', 'ghippo.io/later': 'x' };
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
    ])('removes nothing else if it is invalid: %s', (value) => {
      expect(patchFrom(main, main, { [template]: value })).toEqual({ labels: {}, annotations: { [template]: null } });
    });

    it('fixes it if the spec has labels', () => {
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
  const desired = { current: keyPair() };
  const [ak, sk] = [base64(keyPair().ak), base64(keyPair().sk)];

  it('encodes the pair in base64', () => {
    expect(dataPatch(secret(), desiredData(main, desired))).toEqual({
      ak,
      sk,
      'previous-ak': null,
      'previous-sk': null,
    });
  });

  it('removes the annotated data keys', () => {
    expect(dataPatch(secret(), desiredData(custom, desired))).toMatchObject({ ak: null, sk: null, user: ak });
    const found = secret({ of: accessKey({ keyPairs: [custom] }) });
    expect(dataPatch(found, desiredData(main, desired))).toMatchObject({ ak, sk, user: null, password: null });
  });

  it('rewrites both data keys when they are swapped', () => {
    const swapped = { name: 'main', secret: { akKey: 'sk', skKey: 'ak' } };
    expect(dataPatch(secret(), desiredData(swapped, desired))).toMatchObject({ ak: sk, sk: ak });
  });

  it('keeps a previous pair that is still desired', () => {
    const both = { current: keyPair(), previous: keyPair(9) };
    expect(dataPatch(secret(), desiredData(main, both))).toMatchObject({
      'previous-ak': base64(keyPair(9).ak),
      'previous-sk': base64(keyPair(9).sk),
    });
  });

  it('removes a former key that every object inherits', () => {
    const found = secret({ of: accessKey({ keyPairs: [{ name: 'main', secret: { akKey: 'toString' } }] }) });
    expect(dataPatch(found, desiredData(main, desired))).toHaveProperty('toString', null);
  });
});
