import { describe, expect, it } from 'vitest';
import { acceptedBy, createPairLookup } from '../../../../src/accesskey/live/pair-lookup.ts';
import { digestOf } from '../../../../src/credential/key-pair.ts';
import { accessKey, at, caches, keyPair, known, namespace, now, secret } from '../../../support/builders.ts';

const ann = accessKey({ groups: ['dev'] });
const { ak, sk } = keyPair();

function find(content: Parameters<typeof caches>[0], time = now) {
  return createPairLookup(caches(content)).find(ak, time);
}

describe('find', () => {
  it('returns the digest, state, expiry and user, but not the sk', () => {
    const found = find({ accessKeys: [ann], secrets: [secret({ of: ann })] });
    expect(found).toEqual([
      {
        ak,
        digest: digestOf(sk),
        state: 'Active',
        expiresAt: Number.POSITIVE_INFINITY,
        user: { id: ann.uid, name: 'ann', groups: ['dev'] },
        pairName: 'main',
      },
    ]);
  });

  it('returns an empty list for a user without groups', () => {
    const [found] = find({ accessKeys: [accessKey()], secrets: [secret()] });
    expect(found?.user.groups).toEqual([]);
  });

  it('distinguishes two pairs of one user', () => {
    const both = accessKey({ keyPairs: [{ name: 'main' }, { name: 'ci', enabled: false }] });
    const secrets = [secret({ of: both }), secret({ of: both, pair: 'ci', keys: keyPair(2) })];
    const pairs = createPairLookup(caches({ accessKeys: [both], secrets }));
    expect(pairs.find(ak, now)).toMatchObject([{ ak, state: 'Active' }]);
    expect(pairs.find(keyPair(2).ak, now)).toMatchObject([{ ak: keyPair(2).ak, state: 'Disabled' }]);
    expect(pairs.find(keyPair(3).ak, now)).toEqual([]);
  });

  it('follows the caches', () => {
    const all = caches({ accessKeys: [ann] });
    const pairs = createPairLookup(all);
    expect(pairs.find(ak, now)).toEqual([]);
    all.secrets.upsert(secret({ of: ann }));
    expect(pairs.find(ak, now)).toHaveLength(1);
    all.accessKeys.upsert(accessKey({ keyPairs: [{ name: 'main', enabled: false }], resourceVersion: '11' }));
    expect(pairs.find(ak, now)).toMatchObject([{ state: 'Disabled' }]);
    all.secrets.remove('shop/ann-main');
    expect(pairs.find(ak, now)).toEqual([]);
  });

  describe('finds nothing if', () => {
    const marked = accessKey({ deleting: true });
    const noPairs = accessKey({ keyPairs: [] });
    const renamed = accessKey({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });

    it.each([
      ['the AccessKey does not exist', { secrets: [secret()] }],
      ['the AccessKey is being deleted', { accessKeys: [marked], secrets: [secret()] }],
      [
        'its namespace is being deleted',
        { accessKeys: [ann], secrets: [secret()], namespaces: [namespace('shop', true), namespace('other')] },
      ],
      ['the pair was removed from the spec', { accessKeys: [noPairs], secrets: [secret()] }],
      [
        'the AccessKey has no keyPairs at all',
        { accessKeys: [{ ...ann, spec: { user: { name: 'ann' } } }], secrets: [secret()] },
      ],
      ['the Secret is being deleted', { accessKeys: [known()], secrets: [secret({ deletionTimestamp: at(-1) })] }],
      [
        'the Secret belongs to a removed pair, even if another pair wants its name',
        {
          accessKeys: [known({ keyPairs: [{ name: 'next', secret: { name: 'ann-main' } }] })],
          secrets: [secret()],
        },
      ],
      [
        'the Secret is a copy under another name of a pair in the status',
        { accessKeys: [known()], secrets: [secret({ name: 'copy' })] },
      ],
      ['the Secret has the former name', { accessKeys: [renamed], secrets: [secret({ name: 'ann-main' })] }],
      ['the Secret is a copy under another name', { accessKeys: [ann], secrets: [secret({ name: 'copy' })] }],
      ['the Secret is a copy in another namespace', { accessKeys: [ann], secrets: [secret({ namespace: 'other' })] }],
      ['the Secret is of another type', { accessKeys: [ann], secrets: [secret({ type: 'Opaque' })] }],
      ['the Secret has no owner', { accessKeys: [ann], secrets: [secret({ ownerReferences: [] })] }],
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
        'an object of another kind with that uid owns the Secret',
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
      ['the Secret is invalid', { accessKeys: [ann], secrets: [secret({ data: { sk: 'broken' } })] }],
    ])('%s', (_, content) => {
      expect(find({ accessKeys: [ann], secrets: [secret()] })).toHaveLength(1);
      expect(find(content)).toEqual([]);
    });
  });

  it.each([
    ['Disabled', { enabled: false }],
    ['Expired', { expiresAt: at(0) }],
    ['Active', { expiresAt: at(1) }],
  ])('reports a pair as %s', (state, pair) => {
    const one = accessKey({ keyPairs: [{ name: 'main', ...pair }] });
    expect(find({ accessKeys: [one], secrets: [secret({ of: one })] })).toMatchObject([{ state }]);
  });

  it('reports a pair as Disabled while its AccessKey is suspended', () => {
    const one = known({ suspended: true });
    expect(find({ accessKeys: [one], secrets: [secret()] })).toMatchObject([{ state: 'Disabled' }]);
  });

  it('finds a pair that is not in the status yet', () => {
    for (const status of [{}, { observedGeneration: -1 }, { keyPairs: [] }]) {
      const found = find({ accessKeys: [accessKey({ status })], secrets: [secret()] });
      expect(found).toMatchObject([{ state: 'Active', pairName: 'main' }]);
    }
  });

  it('finds a pair whose label is lost or wrong', () => {
    const both = known({ keyPairs: [{ name: 'main' }, { name: 'ci' }] });
    for (const labels of [{}, { 'ghippo.io/key-pair': 'ci' }, { 'ghippo.io/key-pair': 'gone' }]) {
      expect(find({ accessKeys: [both], secrets: [secret({ labels })] })).toMatchObject([{ pairName: 'main' }]);
    }
  });

  describe('while a pair moves to a Secret of another name', () => {
    const moving = known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
    const former = secret({ name: 'ann-main' });
    const next = secret({ of: moving });

    it.each([
      ['only the former one exists', [former]],
      ['both exist', [former, next]],
      ['only the new one exists', [next]],
    ])('finds it: %s', (_, secrets) => {
      const found = find({ accessKeys: [moving], secrets });
      expect(found).toHaveLength(secrets.length);
      for (const one of found) expect(one).toMatchObject({ digest: digestOf(sk), state: 'Active', pairName: 'main' });
    });

    it('does not find it in the former Secret after the move', () => {
      const moved = known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] }, { secretName: 'new' });
      expect(find({ accessKeys: [moved], secrets: [former, next] })).toHaveLength(1);
      expect(find({ accessKeys: [moved], secrets: [former] })).toEqual([]);
    });
  });

  describe('for a rotated pair', () => {
    const pair = { name: 'main', rotation: { overlap: '1h' } };
    const previous = { accessKey: keyPair(9).ak, validUntil: at(60) };
    const rotated = secret({ previous: keyPair(9), facts: { previousValidUntil: now + 60_000 } });

    function previousAt(time: number, parts: Parameters<typeof accessKey>[0] = {}) {
      const one = known({ keyPairs: [pair], ...parts }, { previous });
      return createPairLookup(caches({ accessKeys: [one], secrets: [rotated] })).find(keyPair(9).ak, time);
    }

    it('returns the previous pair with the end of the overlap as its expiry, and as Expired from then on', () => {
      const expiresAt = now + 60_000;
      expect(previousAt(expiresAt - 1)).toMatchObject([
        { ak: keyPair(9).ak, digest: digestOf(keyPair(9).sk), state: 'Rotating', expiresAt, pairName: 'main' },
      ]);
      expect(previousAt(expiresAt)).toMatchObject([{ state: 'Expired' }]);
    });

    it('returns the current pair without an expiry, during and after the overlap', () => {
      const content = { accessKeys: [known({ keyPairs: [pair] }, { previous })], secrets: [rotated] };
      const found = { digest: digestOf(sk), expiresAt: Number.POSITIVE_INFINITY };
      expect(find(content)).toMatchObject([{ ...found, state: 'Rotating' }]);
      expect(find(content, now + 60_000)).toMatchObject([{ ...found, state: 'Active' }]);
    });

    it.each([
      ['disabled', { keyPairs: [{ ...pair, enabled: false }] }, 'Disabled'],
      ['suspended', { suspended: true }, 'Disabled'],
      ['expired', { keyPairs: [{ ...pair, expiresAt: at(0) }] }, 'Expired'],
    ])('returns the previous pair with the state of a current pair that is %s', (_, parts, state) => {
      expect(previousAt(now, parts)).toMatchObject([{ state }]);
      expect(previousAt(now + 60_000, parts)).toMatchObject([{ state }]);
    });

    it('limits the previous pair to the expiry of the current pair', () => {
      const expiring = { keyPairs: [{ ...pair, expiresAt: at(30) }] };
      expect(previousAt(now, expiring)).toMatchObject([{ state: 'Rotating', expiresAt: now + 30_000 }]);
    });

    it('expires the previous pair immediately when the overlap is removed from the spec', () => {
      expect(previousAt(now, { keyPairs: [{ name: 'main' }] })).toMatchObject([{ state: 'Expired' }]);
    });

    it('treats a previous pair without an end as Expired', () => {
      const bare = { ...rotated, annotations: {} };
      const found = createPairLookup(caches({ accessKeys: [accessKey({ keyPairs: [pair] })], secrets: [bare] }));
      expect(found.find(keyPair(9).ak, now)).toMatchObject([{ state: 'Expired' }]);
    });

    it('finds both pairs while the status is outdated', () => {
      const behind = known({ keyPairs: [pair] }, { accessKey: keyPair(9).ak });
      const pairs = createPairLookup(caches({ accessKeys: [behind], secrets: [rotated] }));
      for (const one of [keyPair(), keyPair(9)]) {
        expect(pairs.find(one.ak, now)).toMatchObject([{ state: 'Rotating' }]);
      }
    });
  });

  it('returns the expiry of a pair', () => {
    const one = accessKey({ keyPairs: [{ name: 'main', expiresAt: at(60) }] });
    const content = { accessKeys: [one], secrets: [secret({ of: one })] };
    expect(find(content, now)).toMatchObject([{ state: 'Active', expiresAt: now + 60_000 }]);
    expect(find(content, now + 60_000)).toMatchObject([{ state: 'Expired' }]);
  });

  describe('for two AccessKeys that name one user', () => {
    const older = accessKey({ namespace: 'other', name: 'older', user: 'ann', creationTimestamp: at(-7200) });
    const olderSecret = secret({ of: older, keys: keyPair(2) });

    it('finds live pairs of the older one only', () => {
      const pairs = createPairLookup(caches({ accessKeys: [ann, older], secrets: [secret({ of: ann }), olderSecret] }));
      expect(pairs.find(ak, now)).toMatchObject([{ state: 'Conflict' }]);
      expect(pairs.find(keyPair(2).ak, now)).toMatchObject([{ state: 'Active', user: { id: older.uid } }]);
    });

    it.each([
      ['is being deleted', [{ ...older, deleting: true }], []],
      ['is deleted with its namespace', [older], [namespace('other', true)]],
      ['does not exist', [], []],
    ])('finds live pairs of the younger one when the older one %s', (_, others, namespaces) => {
      const content = { accessKeys: [ann, ...others], secrets: [secret({ of: ann }), olderSecret], namespaces };
      expect(find(content)).toMatchObject([{ state: 'Active' }]);
      expect(createPairLookup(caches(content)).find(keyPair(2).ak, now)).toEqual([]);
    });
  });

  describe('for several Secrets with one ak', () => {
    const bob = accessKey({ name: 'bob', user: 'bob' });
    const zoe = accessKey({ namespace: 'zoo', name: 'zoe', user: 'zoe' });
    const original = secret({ of: zoe, createdAt: at(-20) });
    const copy = secret({ of: ann, createdAt: at(-10), keys: { ak, sk: keyPair(7).sk } });

    it.each([[[original, copy]], [[copy, original]]])('returns each, the oldest first', (secrets) => {
      const users = find({ accessKeys: [ann, zoe], secrets }).map((one) => one.user.name);
      expect(users).toEqual(['zoe', 'ann']);
    });

    it('orders equally old ones by namespace/name', () => {
      const secrets = [zoe, ann, bob].map((of) => secret({ of, createdAt: at(-20) }));
      const users = find({ accessKeys: [ann, bob, zoe], secrets }).map((one) => one.user.name);
      expect(users).toEqual(['ann', 'bob', 'zoe']);
    });

    describe('that are in a status', () => {
      const eve = accessKey({ namespace: 'zoo', name: 'eve', user: 'eve' });
      const knowing = known({}, { createdAt: at(-1800) });

      it.each([
        ['later', at(0)],
        ['earlier', at(-864_000)],
      ])('returns the one in the status first, even if the copy was created %s', (_, createdAt) => {
        const facts = { generatedAt: Date.parse(createdAt) };
        const theft = secret({ of: eve, createdAt, facts });
        for (const secrets of [
          [secret(), theft],
          [theft, secret()],
        ]) {
          const users = find({ accessKeys: [eve, knowing], secrets }).map((one) => one.user.name);
          expect(users).toEqual(['ann', 'eve']);
        }
      });

      it('returns the older pair first if both are in a status', () => {
        const later = known({ namespace: 'zoo', name: 'eve', user: 'eve' }, { createdAt: at(0) });
        const secrets = [secret({ of: later, createdAt: at(-864_000) }), secret()];
        const users = find({ accessKeys: [later, knowing], secrets }).map((one) => one.user.name);
        expect(users).toEqual(['ann', 'eve']);
      });
    });

    it('ignores a copy in another namespace with the same owner reference', () => {
      const theft = secret({ namespace: 'zoo', createdAt: at(-864_000) });
      const users = find({ accessKeys: [known()], secrets: [theft, secret()] });
      expect(users).toHaveLength(1);
    });
  });
});

it('find returns nothing for an unknown ak, also after a known one was found', () => {
  const pairs = createPairLookup(caches({ accessKeys: [accessKey()], secrets: [secret()] }));
  for (const unknown of [keyPair(2).ak, 'x', '', keyPair().ak.toUpperCase()]) {
    expect(pairs.find(unknown, now)).toEqual([]);
    expect(pairs.find(keyPair().ak, now)).toHaveLength(1);
    expect(pairs.find(unknown, now)).toEqual([]);
  }
});

describe('acceptedBy', () => {
  const content = { accessKeys: [ann], secrets: [secret({ of: ann })] };
  const pair = { ak, digest: digestOf(sk) };
  const question = { pair, accessKey: ann, pairName: 'main', now };
  const accepts = (all: Parameters<typeof caches>[0]) => acceptedBy(createPairLookup(caches(all)));

  it('accepts a pair that could get a token', () => {
    expect(accepts(content)(question)).toBe(true);
  });

  it.each([
    ['no Secret is cached', { ...content, secrets: [] }, question],
    ['the cached Secret has another sk', content, { ...question, pair: { ak, digest: digestOf('other') } }],
    ['it belongs to another AccessKey', content, { ...question, accessKey: { uid: 'other' } }],
    ['it is another pair', content, { ...question, pairName: 'ci' }],
    ['it is suspended', { ...content, accessKeys: [accessKey({ suspended: true })] }, question],
    ['the namespace is being deleted', { ...content, namespaces: [namespace('shop', true)] }, question],
  ])('accepts none if %s', (_, all, asked) => {
    expect(accepts(all)(asked)).toBe(false);
  });
});
