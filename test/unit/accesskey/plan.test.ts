import { describe, expect, it } from 'vitest';
import { labelsOf, type Observed, plan } from '../../../src/accesskey/plan.ts';
import { accessKeyLabel, keyPairLabel, managedBy } from '../../../src/credential/secret-record.ts';
import { accessKey, keyPair, secret } from '../../support/builders.ts';

const one = accessKey();
const main = { name: 'main' };
const ci = { name: 'ci' };
const both = accessKey({ keyPairs: [main, ci] });

function observed(parts: Partial<Observed> = {}): Observed {
  const { accessKey: subject = one } = parts;
  return { accessKey: subject, stopped: false, claimHolder: subject.key, secrets: [], ...parts };
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

describe('plan', () => {
  it('creates the Secret of each pair that has none', () => {
    expect(plan(observed({ accessKey: both }))).toEqual({
      pairs: [
        { kind: 'create', pair: main, secretName: 'ann-main' },
        { kind: 'create', pair: ci, secretName: 'ann-ci' },
      ],
      remove: [],
    });
  });

  it('keeps what is as it should be', () => {
    const secrets = [secret({ of: both, pair: 'ci', keys: keyPair(2) }), secret({ of: both, pair: 'main' })];
    expect(plan(observed({ accessKey: both, secrets }))).toEqual({
      pairs: [
        { kind: 'keep', pair: main, secret: secrets[1] },
        { kind: 'keep', pair: ci, secret: secrets[0] },
      ],
      remove: [],
    });
  });

  it.each([managedBy.label, accessKeyLabel, keyPairLabel])('repairs when the label %s was lost', (label) => {
    const { [label]: _, ...labels } = labelsOf(one, main);
    const found = secret({ labels });
    expect(plan(observed({ secrets: [found] }))).toEqual({
      pairs: [{ kind: 'repair', pair: main, secret: found }],
      remove: [],
    });
  });

  it.each([
    ['all labels are gone', {}],
    ['a label has another value', { ...labelsOf(one, main), [accessKeyLabel]: 'bob' }],
    ['the pair was renamed over the same Secret', labelsOf(one, { name: 'former' })],
  ])('repairs when %s', (_, labels) => {
    const found = secret({ labels });
    expect(plan(observed({ secrets: [found] }))).toEqual({
      pairs: [{ kind: 'repair', pair: main, secret: found }],
      remove: [],
    });
  });

  it('leaves labels of other people alone', () => {
    const found = secret({ labels: { ...labelsOf(one, main), team: 'shop' } });
    expect(plan(observed({ secrets: [found] })).pairs).toEqual([{ kind: 'keep', pair: main, secret: found }]);
  });

  it.each([
    ['no ak', { ak: undefined }],
    ['no sk', { sk: undefined }],
    ['no data', { ak: undefined, sk: undefined }],
    ['an sk that is no UUID', { sk: 'hunter2' }],
  ])('regenerates in place when there is %s, labels or not', (_, data) => {
    for (const labels of [labelsOf(one, main), {}]) {
      const found = secret({ data, labels });
      expect(plan(observed({ secrets: [found] }))).toEqual({
        pairs: [{ kind: 'regenerate', pair: main, secret: found }],
        remove: [],
      });
    }
  });

  it('removes the Secret of a pair that is wanted no more', () => {
    const kept = secret();
    const left = secret({ of: both, pair: 'ci', keys: keyPair(2) });
    expect(plan(observed({ secrets: [kept, left] }))).toEqual({
      pairs: [{ kind: 'keep', pair: main, secret: kept }],
      remove: [left],
    });
    const none = accessKey({ keyPairs: [] });
    expect(plan(observed({ accessKey: none, secrets: [kept, left] }))).toEqual({ pairs: [], remove: [kept, left] });
  });

  it('takes spec.keyPairs that are not there as none', () => {
    const bare = { ...one, spec: { user: one.spec.user } };
    expect(plan(observed({ accessKey: bare, secrets: [] }))).toEqual({ pairs: [], remove: [] });
  });

  it('removes an unlabelled Secret of ours that no pair names', () => {
    const stray = secret({ name: 'stray', labels: {} });
    expect(plan(observed({ secrets: [secret(), stray] })).remove).toEqual([stray]);
  });

  describe('when the Secret of a pair is renamed', () => {
    const renamed = accessKey({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
    const [pair] = renamed.spec.keyPairs ?? [];
    const former = secret({ name: 'ann-main' });

    it('moves the pair over and keeps the former Secret until then', () => {
      expect(plan(observed({ accessKey: renamed, secrets: [former] }))).toEqual({
        pairs: [{ kind: 'create', pair, secretName: 'new', from: former }],
        remove: [],
      });
    });

    it('removes the former Secret when the new one is there', () => {
      const moved = secret({ of: renamed });
      expect(plan(observed({ accessKey: renamed, secrets: [former, moved] }))).toEqual({
        pairs: [{ kind: 'keep', pair, secret: moved }],
        remove: [former],
      });
    });

    it('does not move what is malformed', () => {
      const broken = secret({ name: 'ann-main', data: { sk: 'broken' } });
      expect(plan(observed({ accessKey: renamed, secrets: [broken] })).pairs).toEqual([
        { kind: 'create', pair, secretName: 'new' },
      ]);
    });

    it('does not take the pair of another pair', () => {
      const others = secret({ of: both, pair: 'ci' });
      const subject = accessKey({ keyPairs: [{ name: 'main', secret: { name: 'new' } }, ci] });
      expect(plan(observed({ accessKey: subject, secrets: [others] })).pairs[0]).toEqual({
        kind: 'create',
        pair,
        secretName: 'new',
      });
    });
  });

  it.each([
    ['the AccessKey is stopped', { stopped: true }],
    ['another AccessKey holds the claim', { claimHolder: 'shop/older' }],
    ['nobody holds the claim', { claimHolder: undefined }],
  ])('touches nothing when %s', (_, parts) => {
    const secrets = [
      secret({ of: both, pair: 'ci', labels: {} }),
      secret({ data: { sk: 'broken' } }),
      secret({ name: 'stray' }),
    ];
    expect(plan(observed({ secrets, ...parts }))).toEqual({ pairs: [], remove: [] });
    expect(plan(observed(parts))).toEqual({ pairs: [], remove: [] });
  });

  it('is pure', () => {
    const frozen = Object.freeze(observed({ secrets: Object.freeze([secret({ labels: {} }), secret({ name: 'x' })]) }));
    const before = structuredClone(frozen);
    expect(plan(frozen)).toEqual(plan(frozen));
    expect(structuredClone(frozen)).toEqual(before);
  });
});
