import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import { StaleCacheError } from '../../../../src/accesskey/reconcile/secret-errors.ts';
import { toCachedSecret } from '../../../../src/credential/cached-secret.ts';
import { isKey } from '../../../../src/credential/key-pair.ts';
import { secretTypes } from '../../../../src/kube/own-names.ts';
import { accessKey, keyPair, known, now, rawSecret, secret } from '../../../support/builders.ts';
import { applyTo, changes, plain, type Reported, reconcileOnce, settle, withStatus } from './reconciles.ts';
import { createSecretsApi, noAnswer, rejected } from './secrets-api.ts';

const one = accessKey();
const both = accessKey({ keyPairs: [{ name: 'main' }, { name: 'ci' }] });
const renamed = accessKey({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
const stranger = accessKey({ name: 'bob', user: 'bob' });

describe('an applied plan', () => {
  const third = { ...both, spec: { ...both.spec, keyPairs: [{ name: 'third' }] } };

  it.each<[string, AccessKeyRecord, ReturnType<typeof rawSecret>[], string[]]>([
    ['no Secret', both, [], ['create ann-main', 'create ann-ci']],
    ['everything as desired', one, [rawSecret()], []],
    ['labels lost', one, [rawSecret({ labels: { team: 'shop' } })], ['patch ann-main']],
    ['annotations lost', one, [rawSecret({ annotations: {} })], ['patch ann-main']],
    ['no sk', one, [rawSecret({ data: { sk: undefined } })], ['patch ann-main']],
    ['invalid and unlabelled', one, [rawSecret({ data: { ak: 'x' }, labels: {} })], ['patch ann-main']],
    ['a pair removed', one, [rawSecret(), rawSecret({ of: both, pair: 'ci', keys: keyPair(2) })], ['delete ann-ci']],
    ['a pair replaced', third, [rawSecret()], ['create ann-third', 'delete ann-main']],
    ['the Secret renamed', renamed, [rawSecret({ name: 'ann-main' })], ['create new', 'delete ann-main']],
    ['the name taken', one, [rawSecret({ of: stranger, name: 'ann-main' })], []],
  ])('leads to a plan that does nothing: %s', async (_, subject, content, writes) => {
    const api = createSecretsApi(...content);
    // A move takes two reconciles: the former Secret is deleted once the new one is cached.
    await reconcileOnce(api, subject);
    await reconcileOnce(api, subject);
    expect(api.writes()).toEqual(writes);
    const before = api.all();
    const last = await reconcileOnce(api, subject);
    expect(changes(last).every((change) => change === 'none' || change === 'SecretConflict')).toBe(true);
    expect(last.removed).toEqual([]);
    expect(api.writes()).toEqual(writes);
    expect(api.all()).toEqual(before);
  });
});

describe('a stale cache while a pair moves', () => {
  const movedBack = accessKey({ generation: 3 });
  const moved = accessKey({ generation: 2, keyPairs: [{ name: 'main', secret: { name: 'new' } }] });

  it('does not delete the only Secret of a pair because of one that no longer exists', async () => {
    const api = createSecretsApi(rawSecret({ name: 'new' }));
    const cached = [secret({ of: movedBack }), ...api.watched(movedBack)];
    await expect(applyTo(api, movedBack, cached)).rejects.toThrow(StaleCacheError);
    expect(api.writes()).toEqual([]);
    await settle(api, movedBack);
    expect(api.all().map((one) => [one.metadata.name, plain(one)])).toEqual([['ann-main', keyPair()]]);
  });

  it('finds a pair that is neither in the cache nor in the status', async () => {
    const api = createSecretsApi(rawSecret());
    expect(changes(await applyTo(api, moved, []))).toEqual(['moved']);
    expect(plain(api.get('new'))).toEqual(keyPair());
  });

  it('finds a pair that is neither in the cache nor in the status although its label was changed', async () => {
    const api = createSecretsApi(
      rawSecret({ labels: { 'ghippo.io/access-key': 'other', 'ghippo.io/key-pair': 'main' } }),
      rawSecret({ of: accessKey({ name: 'bob' }), keys: keyPair(2) }),
    );
    expect(changes(await applyTo(api, moved, []))).toEqual(['moved']);
    expect(plain(api.get('new'))).toEqual(keyPair());
  });

  it('finds a pair in another Secret than the cache shows', async () => {
    const api = createSecretsApi(rawSecret({ name: 'between' }));
    expect(changes(await applyTo(api, moved, [secret({ of: moved, name: 'ann-main' })]))).toEqual(['moved']);
    expect(plain(api.get('new'))).toEqual(keyPair());
  });

  it('does not list Secrets under the first generation of the spec', async () => {
    const api = createSecretsApi();
    await reconcileOnce(api, one);
    expect(api.calls.filter((call) => call.startsWith('names'))).toEqual([]);
  });

  it('reads no Secret that the cache shows without an owner, however many there are', async () => {
    const unowned = Array.from({ length: 30 }, (_, n) => rawSecret({ name: `large-${n}`, ownerReferences: [] }));
    const api = createSecretsApi(...unowned);
    const cached = api.all().map((raw) => toCachedSecret(raw));
    expect(changes(await applyTo(api, moved, cached))).toEqual(['created']);
    expect(api.calls).toEqual(['confirm ann', 'names shop', 'create new']);
  });
});

describe('create', () => {
  it('creates a managed Secret with a new pair', async () => {
    const api = createSecretsApi();
    const outcome = await reconcileOnce(api, one);
    const [made] = api.all();
    expect(changes(outcome)).toEqual(['created']);
    expect(made).toMatchObject({
      metadata: {
        name: 'ann-main',
        namespace: 'shop',
        labels: {
          'app.kubernetes.io/managed-by': 'accesskey-operator',
          'ghippo.io/access-key': 'ann',
          'ghippo.io/key-pair': 'main',
        },
        annotations: {
          'ghippo.io/ak-key': 'ak',
          'ghippo.io/sk-key': 'sk',
          'ghippo.io/revision': '1',
          'ghippo.io/generated-at': '2026-01-01T00:00:00Z',
        },
        ownerReferences: [
          { apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', name: 'ann', uid: one.uid, controller: true },
        ],
      },
      type: secretTypes.accessKey,
    });
    expect(made?.metadata.ownerReferences[0]).not.toHaveProperty('blockOwnerDeletion');
    const { ak, sk } = plain(made);
    expect([isKey(ak), isKey(sk), ak === sk]).toEqual([true, true, false]);
    expect(outcome.pairs[0]).toMatchObject({ secret: { pair: { ak }, ownerUID: one.uid, key: 'shop/ann-main' } });
    expect(JSON.stringify(outcome)).not.toContain(sk);
  });

  it('uses the data keys, labels and annotations of the spec', async () => {
    const wanted = { akKey: 'USER', skKey: 'PASS', labels: { team: 'shop' }, annotations: { note: 'x' } };
    const api = createSecretsApi();
    await reconcileOnce(api, accessKey({ keyPairs: [{ name: 'main', revision: 3, secret: wanted }] }));
    const [made] = api.all();
    expect(Object.keys(made?.data ?? {}).sort()).toEqual(['PASS', 'USER']);
    expect(made?.metadata.labels).toMatchObject({ team: 'shop', 'ghippo.io/key-pair': 'main' });
    expect(made?.metadata.annotations).toMatchObject({ note: 'x', 'ghippo.io/revision': '3' });
  });

  it('reports a lost Secret if the status has the pair, and generates a new ak', async () => {
    const api = createSecretsApi();
    const outcome = await reconcileOnce(api, known());
    expect(changes(outcome)).toEqual(['lost']);
    expect(plain(api.all()[0]).ak).not.toBe(keyPair().ak);
  });

  it('reports a created pair if the status has no ak for it', async () => {
    const keyPairs = [{ name: 'main', secretName: 'ann-main', state: 'Pending' as const }];
    expect(changes(await reconcileOnce(createSecretsApi(), accessKey({ status: { keyPairs } })))).toEqual(['created']);
  });

  it('keeps a pair that a stale cache does not show', async () => {
    const api = createSecretsApi(rawSecret());
    const outcome = await applyTo(api, one, []);
    expect(changes(outcome)).toEqual(['none']);
    expect(api.writes()).toEqual([]);
    expect(plain(api.all()[0])).toEqual(keyPair());
  });

  it('reports no update if an admission policy reverts the whole change', async () => {
    // The API server has the version that the cache has, before and after the write.
    const api = createSecretsApi(rawSecret());
    const outcome = await applyTo(api, one, [secret({ labels: {} })]);
    expect(api.writes()).toEqual(['patch ann-main']);
    expect(changes(outcome)).toEqual(['none']);
  });

  it('repairs an uncached Secret that lost its labels', async () => {
    const api = createSecretsApi(rawSecret({ labels: {} }));
    const outcome = await applyTo(api, one, []);
    expect(changes(outcome)).toEqual(['updated']);
    expect(plain(api.all()[0])).toEqual(keyPair());
  });

  it('does not rotate twice if neither cache nor status show the first rotation', async () => {
    const subject = known({ keyPairs: [{ name: 'main', revision: 2 }] });
    const api = createSecretsApi(rawSecret({ of: subject, keys: keyPair(5), facts: { revision: 2 } }));
    expect(changes(await applyTo(api, subject, []))).toEqual(['none']);
    expect(plain(api.all()[0])).toEqual(keyPair(5));
  });

  it('does not take over the unlabelled Secret of another pair of the AccessKey', async () => {
    const subject = known({ keyPairs: [{ name: 'main' }, { name: 'ci', secret: { name: 'ann-main' } }] });
    const held = rawSecret({ of: subject, labels: {} });
    const api = createSecretsApi(held);
    const moved = { ...subject, spec: { ...subject.spec, keyPairs: (subject.spec.keyPairs ?? []).slice() } };
    moved.spec.keyPairs[0] = { name: 'main', secret: { name: 'elsewhere' } };
    const outcome = await applyTo(api, moved, []);
    // The former Secret is deleted once it is cached; until then its name is taken.
    expect(changes(outcome)).toEqual(['moved', 'SecretConflict']);
    await settle(api, withStatus(moved, outcome));
    expect(plain(api.get('elsewhere'))).toEqual(keyPair());
    expect(plain(api.get('ann-main')).ak).not.toBe(keyPair().ak);
  });

  it('replaces the unlabelled Secret of a removed pair', async () => {
    const next = accessKey({ keyPairs: [{ name: 'next', secret: { name: 'ann-main' } }] });
    const api = createSecretsApi(rawSecret({ labels: { 'ghippo.io/key-pair': 'main' } }));
    await reconcileOnce(api, next);
    await reconcileOnce(api, next);
    expect(api.all()).toHaveLength(1);
    expect(plain(api.all()[0]).ak).not.toBe(keyPair().ak);
    expect(api.all()[0]?.metadata.labels).toMatchObject({ 'ghippo.io/key-pair': 'next' });
  });

  const free =
    '; set another secret.name, delete the Secret, or, if you trust its key pair, add the annotation ghippo.io/adopt=ann/main to adopt it';
  const colliding = accessKey({ name: 'an', keyPairs: [{ name: 'n-main' }] });
  it.each([
    ['has no owner', { ownerReferences: [] }, free],
    ['is of another type', { type: 'Opaque' }, free],
    [
      'belongs to another AccessKey',
      { of: stranger },
      `: it belongs to AccessKey ${stranger.name} (key pair main); set another secret.name`,
    ],
    [
      'belongs to another AccessKey whose default Secret has the same name',
      { of: colliding },
      ': it belongs to AccessKey an (key pair n-main); set another secret.name',
    ],
    [
      'belonged to a former AccessKey of another name',
      { of: accessKey({ name: 'an', uid: 'former' }), labels: {} },
      ': it belongs to AccessKey an; set another secret.name',
    ],
    [
      'is controlled by another object',
      { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'x', uid: one.uid, controller: true }] },
      ': it belongs to Deployment x; set another secret.name',
    ],
    [
      'stores the signing keys',
      { type: 'ghippo.io/signing-keys', ownerReferences: [] },
      ': it stores the signing keys of the operator; set another secret.name',
    ],
    [
      'stores the session key',
      { type: 'ghippo.io/web-session', ownerReferences: [] },
      ': it stores the session key of the web console; set another secret.name',
    ],
    [
      'stores the ended sign-ons',
      { type: 'ghippo.io/web-sign-outs', ownerReferences: [] },
      ': it stores the ended sign-ons of the web console; set another secret.name',
    ],
    [
      'registers a cluster',
      { type: 'Opaque', ownerReferences: [], labels: { 'ghippo.io/cluster': 'east' } },
      ': it registers a cluster; set another secret.name',
    ],
    [
      'is a certificate',
      { type: 'kubernetes.io/tls', ownerReferences: [] },
      ': it has the type kubernetes.io/tls; set another secret.name',
    ],
  ])('does not change a Secret that %s', async (_, parts, advice) => {
    const taken = rawSecret({ name: 'ann-main', ...parts });
    const api = createSecretsApi(taken);
    const outcome = await applyTo(api, one, []);
    expect(outcome.pairs).toEqual([
      {
        pair: { name: 'main' },
        secretName: 'ann-main',
        change: 'none',
        problem: {
          reason: 'SecretConflict',
          message: `Secret ann-main exists and does not belong to this AccessKey${advice}`,
        },
      },
    ]);
    expect(api.writes()).toEqual([]);
    expect(api.all()).toEqual([taken]);
  });

  it('throws if the Secret is created by someone else meanwhile', async () => {
    const api = createSecretsApi();
    const error = rejected(409, 'AlreadyExists');
    api.reject('create ann-main', error);
    await expect(reconcileOnce(api, one)).rejects.toMatchObject({ name: 'StaleCacheError', cause: error });
  });
});

describe('recover', () => {
  it('replaces both keys in the same Secret and reports which were invalid', async () => {
    const broken = rawSecret({ data: { sk: 'broken', note: 'kept' }, labels: {} });
    const api = createSecretsApi(broken);
    const outcome = await reconcileOnce(api, one);
    expect(outcome.pairs).toMatchObject([{ change: 'regenerated', malformed: ['sk'] }]);
    const [made] = api.all();
    const { ak, sk } = plain(made);
    expect([isKey(ak), isKey(sk)]).toEqual([true, true]);
    expect(ak).not.toBe(keyPair().ak);
    expect(made?.metadata.uid).toBe(broken.metadata.uid);
    expect(made?.data.note).toBe(broken.data.note);
  });

  it('annotates the revision and the time of the new pair', async () => {
    const subject = known({ keyPairs: [{ name: 'main', revision: 4 }] }, { revision: 4 });
    const api = createSecretsApi(rawSecret({ of: subject, data: { ak: '' } }));
    await reconcileOnce(api, subject, now + 5000);
    expect(api.all()[0]?.metadata.annotations).toMatchObject({
      'ghippo.io/revision': '4',
      'ghippo.io/generated-at': '2026-01-01T00:00:05Z',
    });
  });

  it('also removes the previous pair', async () => {
    const subject = known({ keyPairs: [{ name: 'main', rotation: { overlap: '1h' } }] });
    const parts = { of: subject, previous: keyPair(9), facts: { previousValidUntil: now + 60_000 } };
    const api = createSecretsApi(rawSecret({ ...parts, data: { sk: 'broken' } }));
    await reconcileOnce(api, subject);
    expect(Object.keys(api.all()[0]?.data ?? {}).sort()).toEqual(['ak', 'sk']);
  });
});

describe('a Secret whose ak equals its sk', () => {
  it('gets a new pair, and neither outcome nor status contain the former sk', async () => {
    const api = createSecretsApi(rawSecret({ data: { ak: keyPair().sk } }));
    const outcome = await reconcileOnce(api, one);
    expect(changes(outcome)).toEqual(['regenerated']);
    const { ak, sk } = plain(api.get('ann-main'));
    expect([isKey(ak), isKey(sk), ak === sk]).toEqual([true, true, false]);
    expect(JSON.stringify([outcome, withStatus(one, outcome).status])).not.toContain(keyPair().sk);
  });
});

describe('a lost Secret', () => {
  it('is reported with its former name, even if the spec has another one', async () => {
    const outcome = await reconcileOnce(
      createSecretsApi(),
      known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] }),
    );
    expect(outcome.changed).toMatchObject([{ change: 'lost', secretName: 'new', lostSecretName: 'ann-main' }]);
  });
});

describe('progress', () => {
  it('is reported after each change, even if the reconcile fails later', async () => {
    const api = createSecretsApi();
    api.reject('create ann-ci', noAnswer);
    const reported: Reported = { changed: [], removed: [] };
    await expect(reconcileOnce(api, both, now, reported)).rejects.toBe(noAnswer);
    expect(reported.changed.map(({ pair, change }) => [pair.name, change])).toEqual([['main', 'created']]);
  });
});

describe('a stale cache', () => {
  const newer = rawSecret({ resourceVersion: '21', data: { ak: undefined }, labels: {} });
  const successor = rawSecret({ uid: 'another', labels: {} });

  it.each([
    ['update, the Secret changed', one, secret({ labels: {} }), newer],
    ['update, the Secret was replaced', one, secret({ labels: {} }), successor],
    ['regenerate, the Secret changed', one, secret({ data: { sk: undefined } }), newer],
    ['rotate, the Secret changed', known({ keyPairs: [{ name: 'main', revision: 2 }] }), secret(), newer],
    ['rotate, the Secret was replaced', known({ keyPairs: [{ name: 'main', revision: 2 }] }), secret(), successor],
    ['remove, the Secret changed', accessKey({ keyPairs: [] }), secret(), newer],
    ['remove, the Secret was replaced', accessKey({ keyPairs: [] }), secret(), successor],
  ])('fails the reconcile and does no harm: %s', async (_, subject, cached, fetched) => {
    const api = createSecretsApi(fetched);
    await expect(applyTo(api, subject, [cached])).rejects.toBeInstanceOf(StaleCacheError);
    expect(api.all()).toEqual([fetched]);
  });

  it.each([
    ['update', one, secret({ labels: {} })],
    ['recover', one, secret({ data: { sk: undefined } })],
    ['rotate', known({ keyPairs: [{ name: 'main', revision: 2 }] }), secret()],
  ])('fails the reconcile if the Secret does not exist: %s', async (_, subject, cached) => {
    await expect(applyTo(createSecretsApi(), subject, [cached])).rejects.toBeInstanceOf(StaleCacheError);
  });

  it.each([
    [404, 'NotFound'],
    [409, 'Conflict'],
  ])('fails the reconcile if the response to a patch is %d', async (status, reason) => {
    const api = createSecretsApi(rawSecret({ labels: {} }));
    api.reject('patch ann-main', rejected(status, reason));
    await expect(applyTo(api, one, [secret({ labels: {} })])).rejects.toMatchObject({
      name: 'StaleCacheError',
      cause: { status },
    });
  });

  it('accepts that a Secret was already deleted, and does not report its removal', async () => {
    const left = secret();
    const outcome = await applyTo(createSecretsApi(), accessKey({ keyPairs: [] }), [left]);
    expect(outcome).toEqual({ pairs: [], changed: [], removed: [], notRemoved: [] });
  });
});

describe('before the first write', () => {
  const writes: [string, AccessKeyRecord, ReturnType<typeof rawSecret>[]][] = [
    ['create', one, []],
    ['update', one, [rawSecret({ annotations: {} })]],
    ['recover', one, [rawSecret({ data: { ak: '' } })]],
    ['rotate', known({ keyPairs: [{ name: 'main', revision: 2 }] }), [rawSecret()]],
    ['remove', accessKey({ keyPairs: [] }), [rawSecret()]],
  ];

  it.each(writes)('the API server confirms the AccessKey: %s', async (_, subject, content) => {
    const api = createSecretsApi(...content);
    await reconcileOnce(api, subject);
    expect(api.calls[0]).toBe('confirm ann');
    expect(api.writes()).toHaveLength(1);
  });

  it.each(writes)('a newer spec stops the reconcile: %s', async (_, subject, content) => {
    for (const change of [{ generation: 2 }, { uid: 'successor' }, { deleting: true }]) {
      const api = createSecretsApi(...content);
      const cached = api.watched(subject);
      const stale = applyTo({ ...api, know: () => api.know({ ...subject, ...change }) }, subject, cached);
      await expect(stale).rejects.toBeInstanceOf(StaleCacheError);
      expect(api.calls).toEqual(['confirm ann']);
      expect(api.all()).toEqual(content);
    }
  });

  it('a deleted AccessKey stops the reconcile', async () => {
    const api = createSecretsApi();
    const stale = applyTo({ ...api, know: (absent) => new Map([[absent.key, absent]]) }, one, []);
    await expect(stale).rejects.toBeInstanceOf(StaleCacheError);
    expect(api.writes()).toEqual([]);
  });

  it('no request is sent if there is nothing to write', async () => {
    const swap = [
      { name: 'main', secret: { name: 'ann-ci' } },
      { name: 'ci', secret: { name: 'ann-main' } },
    ];
    for (const subject of [one, accessKey({ keyPairs: [] }), accessKey({ keyPairs: swap })]) {
      const content = subject.spec.keyPairs?.map(({ name }, n) =>
        rawSecret({ of: subject, pair: name, keys: keyPair(n), name: `ann-${name}` }),
      );
      const api = createSecretsApi(...(content ?? []));
      await reconcileOnce(api, subject);
      expect(api.calls).toEqual([]);
    }
  });
});

describe('a failed write', () => {
  it.each([
    [403, 'Forbidden'],
    [422, 'Invalid'],
    [500, 'InternalError'],
  ])('with %d is a problem of one pair and does not stop the other', async (status, reason) => {
    const error = rejected(status, reason);
    const api = createSecretsApi();
    api.reject('create ann-main', error);
    const outcome = await reconcileOnce(api, both);
    const stablePrefix = 'cannot read or write Secret ann-main:';
    const message = `${stablePrefix} ${status === 500 ? '500 InternalError' : error.message}`;
    expect(outcome.pairs[0]).toEqual({
      pair: { name: 'main' },
      secretName: 'ann-main',
      change: 'none',
      problem: { reason: 'SecretFailed', message, stablePrefix, ...(status === 422 && { stalled: true }), error },
    });
    expect(changes(outcome)).toEqual(['SecretFailed', 'created']);
  });

  it.each([401, 429, 502, 503, 504])('with %d is not about the Secret and fails the reconcile', async (status) => {
    const error = rejected(status, 'Unavailable');
    const api = createSecretsApi();
    api.reject('create ann-main', error);
    await expect(reconcileOnce(api, one)).rejects.toBe(error);
    expect(api.calls).toEqual(['confirm ann', 'create ann-main']);
  });

  it.each([
    ['patch ann-main', rawSecret({ labels: { ...rawSecret().metadata.labels, 'ghippo.io/access-key': 'x' } })],
    ['patch ann-main', rawSecret({ data: { ak: 'x' } })],
    ['read ann-main', rawSecret({ annotations: {} })],
  ])('is a problem of the pair for %s', async (call, content) => {
    const error = rejected(403, 'Forbidden');
    const api = createSecretsApi(content);
    api.reject(call, error);
    const outcome = await reconcileOnce(api, one);
    expect(outcome.pairs).toMatchObject([{ change: 'none', problem: { reason: 'SecretFailed', error } }]);
    expect(api.all()).toEqual([content]);
  });

  it('leaves the pair in its Secret', async () => {
    const api = createSecretsApi(rawSecret({ annotations: {} }));
    api.reject('patch ann-main', rejected(403, 'Forbidden'));
    const outcome = await reconcileOnce(api, one);
    expect(outcome.pairs).toMatchObject([{ secret: { pair: { ak: keyPair().ak } } }]);
  });

  it('leaves the pair in the former Secret if the new one is rejected', async () => {
    const api = createSecretsApi(rawSecret());
    api.reject('create new', rejected(403, 'Forbidden'));
    const outcome = await reconcileOnce(api, known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] }));
    expect(outcome.pairs).toMatchObject([{ secretName: 'new', secret: { name: 'ann-main' } }]);
    expect(outcome.removed).toEqual([]);
  });

  it('of a removal is reported, and the other Secrets are removed', async () => {
    const error = rejected(403, 'Forbidden');
    const ci = rawSecret({ of: both, pair: 'ci', keys: keyPair(2) });
    const api = createSecretsApi(rawSecret(), ci);
    api.reject('delete ann-main', error);
    const outcome = await reconcileOnce(api, accessKey({ keyPairs: [] }));
    expect(outcome.notRemoved).toMatchObject([{ secretName: 'ann-main', error }]);
    expect(outcome.notRemoved).toHaveLength(1);
    expect(outcome.removed).toEqual(['ann-ci']);
  });

  it.each([
    ['confirm ann', one],
    ['create ann-main', one],
    ['read ann-main', known()],
  ])('without a response to %s fails the reconcile', async (call, subject) => {
    const api = createSecretsApi();
    api.reject(call, noAnswer);
    await expect(reconcileOnce(api, subject)).rejects.toBe(noAnswer);
  });

  it('without a response to a removal fails the reconcile', async () => {
    const api = createSecretsApi(rawSecret());
    api.reject('delete ann-main', noAnswer);
    await expect(reconcileOnce(api, accessKey({ keyPairs: [] }))).rejects.toBe(noAnswer);
  });
});
