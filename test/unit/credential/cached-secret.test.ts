import { describe, expect, it } from 'vitest';
import { metadataPatch } from '../../../src/accesskey/reconcile/desired-secret.ts';
import { toCachedSecret } from '../../../src/credential/cached-secret.ts';
import { toSecretRecord } from '../../../src/credential/secret-record.ts';
import { accessKey, keyPair, rawSecret } from '../../support/builders.ts';

const { metadata } = rawSecret();
const mapOf = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'v'.repeat(60)]));
const sizeOf = (value: unknown) => JSON.stringify(value).length;

/** As large as kube-apiserver accepts. */
const large = {
  labels: { ...mapOf(10_000), ...metadata.labels },
  annotations: { ...metadata.annotations, a: 'x'.repeat(200_000) },
  data: mapOf(3_900),
};

describe('toCachedSecret', () => {
  it('keeps everything of a usual Secret of a key pair', () => {
    const raw = rawSecret({ labels: { ...metadata.labels, team: 'a' }, data: { note: 'x' } });
    expect(toCachedSecret(raw)).toEqual(toSecretRecord(raw));
  });

  it.each([
    ['no owner', { ownerReferences: [] }],
    [
      'an owner of another kind',
      { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'u', controller: true }] },
    ],
    [
      'an AccessKey that does not control it',
      { ownerReferences: [{ apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', name: 'a', uid: 'u' }] },
    ],
  ])('keeps only what identifies a Secret with %s', (_, owner) => {
    const raw = rawSecret({ ...owner, ...large });
    const { key, uid, resourceVersion, type } = toSecretRecord(raw);
    const cached = toCachedSecret(raw);
    expect(cached).toMatchObject({ key, uid, resourceVersion, type, pair: undefined, ownerUID: undefined });
    expect(sizeOf(cached)).toBeLessThan(1_000);
  });

  it('keeps of a Secret without an owner whether it is being deleted or may be adopted', () => {
    const adopt = { 'ghippo.io/adopt': 'ann/main' };
    const of = (annotations: Record<string, string>) =>
      toCachedSecret(rawSecret({ ownerReferences: [], annotations, deletionTimestamp: '2026-01-01T00:00:00Z' }));
    expect(of({ ...large.annotations, ...adopt })).toMatchObject({ deleting: true, annotations: adopt });
    expect(of({ 'ghippo.io/adopt': 'x'.repeat(200_000) }).annotations).toEqual({});
  });

  it('limits what it keeps of a Secret that an AccessKey owns', () => {
    const cached = toCachedSecret(rawSecret(large));
    expect(cached).toMatchObject({
      labels: metadata.labels,
      annotations: metadata.annotations,
      pair: { ak: keyPair().ak },
    });
    expect(Object.keys(cached.labels)).toEqual(Object.keys(metadata.labels));
    expect(cached.otherKeys).toHaveLength(100);
    expect(sizeOf(cached)).toBeLessThan(4_000);
  });

  it('keeps the labels and annotations of the spec, so they are neither lost nor written again', () => {
    const spec = { labels: { team: 'a' }, annotations: { owner: 'b' } };
    const of = accessKey({ keyPairs: [{ name: 'main', secret: spec }] });
    const { metadata: desired } = rawSecret({ of });
    const labels = { ...large.labels, ...desired.labels };
    const annotations = { ...large.annotations, ...desired.annotations };
    const cached = toCachedSecret(rawSecret({ of, labels, annotations }));
    expect(cached.labels).toEqual(desired.labels);
    expect(metadataPatch(cached, desired)).toBeUndefined();
    expect(metadataPatch(cached, metadata)).toEqual({
      labels: { team: null },
      annotations: { owner: null, 'ghippo.io/template': null },
    });
  });

  it('does not throw for an annotation that the operator cannot have written', () => {
    for (const template of ['', 'null', '7', '{"labels":{}}', '{"labels":[7,null],"annotations":"a"}']) {
      const annotations = { ...large.annotations, 'ghippo.io/template': template };
      expect(toCachedSecret(rawSecret({ ...large, annotations })).pair).toBeDefined();
    }
  });
});
