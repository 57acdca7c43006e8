import { describe, expect, it } from 'vitest';
import { createLivePairs } from '../../../src/accesskey/live-pairs.ts';
import { digestOf } from '../../../src/credential/key-pair.ts';
import { accessKey, at, caches, keyPair, namespace, now, secret } from '../../support/builders.ts';

const ann = accessKey({ groups: ['dev'] });
const { ak, sk } = keyPair();

function candidates(content: Parameters<typeof caches>[0], time = now) {
  return createLivePairs(caches(content)).candidates(ak, time);
}

describe('candidates', () => {
  it('gives what the token service needs, and not the sk', () => {
    const found = candidates({ accessKeys: [ann], secrets: [secret({ of: ann })] });
    expect(found).toEqual([
      {
        ak,
        digest: digestOf(sk),
        state: 'Active',
        expiresAt: Number.POSITIVE_INFINITY,
        user: { id: ann.uid, name: 'ann', groups: ['dev'] },
      },
    ]);
  });

  it('gives a user without groups none', () => {
    const [found] = candidates({ accessKeys: [accessKey()], secrets: [secret()] });
    expect(found?.user.groups).toEqual([]);
  });

  it('tells the two pairs of a user apart', () => {
    const both = accessKey({ keyPairs: [{ name: 'main' }, { name: 'ci', enabled: false }] });
    const secrets = [secret({ of: both }), secret({ of: both, pair: 'ci', keys: keyPair(2) })];
    const pairs = createLivePairs(caches({ accessKeys: [both], secrets }));
    expect(pairs.candidates(ak, now)).toMatchObject([{ ak, state: 'Active' }]);
    expect(pairs.candidates(keyPair(2).ak, now)).toMatchObject([{ ak: keyPair(2).ak, state: 'Disabled' }]);
    expect(pairs.candidates(keyPair(3).ak, now)).toEqual([]);
  });

  it('follows the caches', () => {
    const all = caches({ accessKeys: [ann] });
    const pairs = createLivePairs(all);
    expect(pairs.candidates(ak, now)).toEqual([]);
    all.secrets.upsert(secret({ of: ann }));
    expect(pairs.candidates(ak, now)).toHaveLength(1);
    all.accessKeys.upsert(accessKey({ keyPairs: [{ name: 'main', enabled: false }], resourceVersion: '11' }));
    expect(pairs.candidates(ak, now)).toMatchObject([{ state: 'Disabled' }]);
    all.secrets.remove('shop/ann-main');
    expect(pairs.candidates(ak, now)).toEqual([]);
  });

  describe('is nothing when', () => {
    const marked = accessKey({ deleting: true });
    const noPairs = accessKey({ keyPairs: [] });
    const renamed = accessKey({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });

    it.each([
      ['the AccessKey is gone', { secrets: [secret()] }],
      ['the AccessKey is marked for deletion', { accessKeys: [marked], secrets: [secret()] }],
      [
        'its namespace terminates',
        { accessKeys: [ann], secrets: [secret()], namespaces: [namespace('shop', true), namespace('other')] },
      ],
      ['the pair was taken out of spec', { accessKeys: [noPairs], secrets: [secret()] }],
      [
        'the AccessKey has no keyPairs at all',
        { accessKeys: [{ ...ann, spec: { user: { name: 'ann' } } }], secrets: [secret()] },
      ],
      ['the Secret has the former name', { accessKeys: [renamed], secrets: [secret({ name: 'ann-main' })] }],
      ['the Secret is a copy under another name', { accessKeys: [ann], secrets: [secret({ name: 'copy' })] }],
      ['the Secret is a copy in another namespace', { accessKeys: [ann], secrets: [secret({ namespace: 'other' })] }],
      ['the Secret is of another type', { accessKeys: [ann], secrets: [secret({ type: 'Opaque' })] }],
      ['nobody owns the Secret', { accessKeys: [ann], secrets: [secret({ ownerReferences: [] })] }],
      [
        'the AccessKey owns the Secret without controlling it',
        {
          accessKeys: [ann],
          secrets: [
            secret({ ownerReferences: [{ apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', uid: ann.uid }] }),
          ],
        },
      ],
      [
        'something else of that uid owns the Secret',
        {
          accessKeys: [ann],
          secrets: [
            secret({ ownerReferences: [{ apiVersion: 'apps/v1', kind: 'AccessKey', uid: ann.uid, controller: true }] }),
          ],
        },
      ],
      [
        'the owner is a former AccessKey',
        { accessKeys: [ann], secrets: [secret({ of: accessKey({ uid: 'former' }) })] },
      ],
      ['the Secret is malformed', { accessKeys: [ann], secrets: [secret({ data: { sk: 'broken' } })] }],
    ])('%s', (_, content) => {
      expect(candidates({ accessKeys: [ann], secrets: [secret()] })).toHaveLength(1);
      expect(candidates(content)).toEqual([]);
    });
  });

  it.each([
    ['Disabled', { enabled: false }],
    ['Expired', { expiresAt: at(0) }],
    ['Active', { expiresAt: at(1) }],
  ])('says that a pair is %s', (state, pair) => {
    const one = accessKey({ keyPairs: [{ name: 'main', ...pair }] });
    expect(candidates({ accessKeys: [one], secrets: [secret({ of: one })] })).toMatchObject([{ state }]);
  });

  it('says when a pair expires', () => {
    const one = accessKey({ keyPairs: [{ name: 'main', expiresAt: at(60) }] });
    const content = { accessKeys: [one], secrets: [secret({ of: one })] };
    expect(candidates(content, now)).toMatchObject([{ state: 'Active', expiresAt: now + 60_000 }]);
    expect(candidates(content, now + 60_000)).toMatchObject([{ state: 'Expired' }]);
  });

  describe('of two AccessKeys that name one user', () => {
    const older = accessKey({ namespace: 'other', name: 'older', user: 'ann', creationTimestamp: at(-7200) });
    const olderSecret = secret({ of: older, keys: keyPair(2) });

    it('only the older one has live pairs', () => {
      const pairs = createLivePairs(caches({ accessKeys: [ann, older], secrets: [secret({ of: ann }), olderSecret] }));
      expect(pairs.candidates(ak, now)).toMatchObject([{ state: 'Conflict' }]);
      expect(pairs.candidates(keyPair(2).ak, now)).toMatchObject([{ state: 'Active', user: { id: older.uid } }]);
    });

    it.each([
      ['is marked for deletion', [{ ...older, deleting: true }], []],
      ['goes with its namespace', [older], [namespace('other', true)]],
      ['is gone', [], []],
    ])('the younger one takes over when the older %s', (_, others, namespaces) => {
      const content = { accessKeys: [ann, ...others], secrets: [secret({ of: ann }), olderSecret], namespaces };
      expect(candidates(content)).toMatchObject([{ state: 'Active' }]);
      expect(createLivePairs(caches(content)).candidates(keyPair(2).ak, now)).toEqual([]);
    });
  });

  describe('of several Secrets with one ak', () => {
    const bob = accessKey({ name: 'bob', user: 'bob' });
    const zoe = accessKey({ namespace: 'zoo', name: 'zoe', user: 'zoe' });
    const original = secret({ of: zoe, createdAt: at(-20) });
    const copy = secret({ of: ann, createdAt: at(-10), keys: { ak, sk: keyPair(7).sk } });

    it.each([[[original, copy]], [[copy, original]]])('gives each, the oldest first', (secrets) => {
      const users = candidates({ accessKeys: [ann, zoe], secrets }).map((one) => one.user.name);
      expect(users).toEqual(['zoe', 'ann']);
    });

    it('orders equally old ones by namespace/name', () => {
      const secrets = [zoe, ann, bob].map((of) => secret({ of, createdAt: at(-20) }));
      const users = candidates({ accessKeys: [ann, bob, zoe], secrets }).map((one) => one.user.name);
      expect(users).toEqual(['ann', 'bob', 'zoe']);
    });
  });
});
