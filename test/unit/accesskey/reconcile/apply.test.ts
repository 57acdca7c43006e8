import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import { StaleCacheError } from '../../../../src/accesskey/reconcile/secret-api.ts';
import { isKey } from '../../../../src/credential/key-pair.ts';
import { secretType } from '../../../../src/credential/secret-record.ts';
import { accessKey, keyPair, known, now, rawSecret, secret } from '../../../support/builders.ts';
import { applyTo, changes, pass, plain, settle, type Told, withStatus } from './passes.ts';
import { createSecretsApi, noAnswer, refused } from './secrets-api.ts';

const one = accessKey();
const both = accessKey({ keyPairs: [{ name: 'main' }, { name: 'ci' }] });
const renamed = accessKey({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
const stranger = accessKey({ name: 'bob', user: 'bob' });

describe('a plan that is carried out', () => {
  const third = { ...both, spec: { ...both.spec, keyPairs: [{ name: 'third' }] } };

  it.each<[string, AccessKeyRecord, ReturnType<typeof rawSecret>[], string[]]>([
    ['nothing there', both, [], ['create ann-main', 'create ann-ci']],
    ['all as it should be', one, [rawSecret()], []],
    ['labels lost', one, [rawSecret({ labels: { team: 'shop' } })], ['patch ann-main']],
    ['annotations lost', one, [rawSecret({ annotations: {} })], ['patch ann-main']],
    ['no sk', one, [rawSecret({ data: { sk: undefined } })], ['patch ann-main']],
    ['malformed and unlabelled', one, [rawSecret({ data: { ak: 'x' }, labels: {} })], ['patch ann-main']],
    ['a pair removed', one, [rawSecret(), rawSecret({ of: both, pair: 'ci', keys: keyPair(2) })], ['delete ann-ci']],
    ['a pair replaced', third, [rawSecret()], ['create ann-third', 'delete ann-main']],
    ['the Secret renamed', renamed, [rawSecret({ name: 'ann-main' })], ['create new', 'delete ann-main']],
    ['the name taken', one, [rawSecret({ of: stranger, name: 'ann-main' })], []],
  ])('leads to one that does nothing: %s', async (_, subject, content, writes) => {
    const api = createSecretsApi(...content);
    // A move takes two passes: the former Secret goes when the new one is seen.
    await pass(api, subject);
    await pass(api, subject);
    expect(api.writes()).toEqual(writes);
    const before = api.all();
    const last = await pass(api, subject);
    expect(changes(last).every((change) => change === 'none' || change === 'SecretConflict')).toBe(true);
    expect(last.removed).toEqual([]);
    expect(api.writes()).toEqual(writes);
    expect(api.all()).toEqual(before);
  });
});

describe('a cache that is behind while a pair moves', () => {
  const movedBack = accessKey({ generation: 3 });
  const moved = accessKey({ generation: 2, keyPairs: [{ name: 'main', secret: { name: 'new' } }] });

  it('does not take the last Secret of a pair away because of one that has gone', async () => {
    const api = createSecretsApi(rawSecret({ name: 'new' }));
    const cached = [secret({ of: movedBack }), ...api.watched(movedBack)];
    await expect(applyTo(api, movedBack, cached)).rejects.toThrow(StaleCacheError);
    expect(api.writes()).toEqual([]);
    await settle(api, movedBack);
    expect(api.all().map((one) => [one.metadata.name, plain(one)])).toEqual([['ann-main', keyPair()]]);
  });

  it('finds the pair that neither the cache nor the status show', async () => {
    const api = createSecretsApi(rawSecret());
    expect(changes(await applyTo(api, moved, []))).toEqual(['moved']);
    expect(plain(api.get('new'))).toEqual(keyPair());
  });

  it('finds the pair in another Secret than the cache shows', async () => {
    const api = createSecretsApi(rawSecret({ name: 'between' }));
    expect(changes(await applyTo(api, moved, [secret({ of: moved, name: 'ann-main' })]))).toEqual(['moved']);
    expect(plain(api.get('new'))).toEqual(keyPair());
  });

  it('asks for no other Secrets while the spec is the first one', async () => {
    const api = createSecretsApi();
    await pass(api, one);
    expect(api.calls.filter((call) => call.startsWith('list'))).toEqual([]);
  });
});

describe('create', () => {
  it('makes a Secret of ours with a fresh pair', async () => {
    const api = createSecretsApi();
    const outcome = await pass(api, one);
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
      type: secretType,
    });
    expect(made?.metadata.ownerReferences[0]).not.toHaveProperty('blockOwnerDeletion');
    const { ak, sk } = plain(made);
    expect([isKey(ak), isKey(sk), ak === sk]).toEqual([true, true, false]);
    expect(outcome.pairs[0]).toMatchObject({ secret: { pair: { ak }, ownerUID: one.uid, key: 'shop/ann-main' } });
    expect(JSON.stringify(outcome)).not.toContain(sk);
  });

  it('makes it with the data keys, labels and annotations of the spec', async () => {
    const wanted = { akKey: 'USER', skKey: 'PASS', labels: { team: 'shop' }, annotations: { note: 'x' } };
    const api = createSecretsApi();
    await pass(api, accessKey({ keyPairs: [{ name: 'main', revision: 3, secret: wanted }] }));
    const [made] = api.all();
    expect(Object.keys(made?.data ?? {}).sort()).toEqual(['PASS', 'USER']);
    expect(made?.metadata.labels).toMatchObject({ team: 'shop', 'ghippo.io/key-pair': 'main' });
    expect(made?.metadata.annotations).toMatchObject({ note: 'x', 'ghippo.io/revision': '3' });
  });

  it('says lost when status knows a pair of that name, and makes a new ak', async () => {
    const api = createSecretsApi();
    const outcome = await pass(api, known());
    expect(changes(outcome)).toEqual(['lost']);
    expect(plain(api.all()[0]).ak).not.toBe(keyPair().ak);
  });

  it('says created when status knows the pair but no ak of it', async () => {
    const keyPairs = [{ name: 'main', secretName: 'ann-main', state: 'Pending' as const }];
    expect(changes(await pass(createSecretsApi(), accessKey({ status: { keyPairs } })))).toEqual(['created']);
  });

  it('keeps the pair that a stale cache does not show', async () => {
    const api = createSecretsApi(rawSecret());
    const outcome = await applyTo(api, one, []);
    expect(changes(outcome)).toEqual(['none']);
    expect(api.writes()).toEqual([]);
    expect(plain(api.all()[0])).toEqual(keyPair());
  });

  it('repairs the one that lost the label and so fell out of the watch', async () => {
    const api = createSecretsApi(rawSecret({ labels: {} }));
    const outcome = await applyTo(api, one, []);
    expect(changes(outcome)).toEqual(['updated']);
    expect(plain(api.all()[0])).toEqual(keyPair());
  });

  it('does not rotate twice when neither cache nor status show the first rotation yet', async () => {
    const subject = known({ keyPairs: [{ name: 'main', revision: 2 }] });
    const api = createSecretsApi(rawSecret({ of: subject, keys: keyPair(5), facts: { revision: 2 } }));
    expect(changes(await applyTo(api, subject, []))).toEqual(['none']);
    expect(plain(api.all()[0])).toEqual(keyPair(5));
  });

  it('does not take the unlabelled Secret of another pair of this AccessKey', async () => {
    const subject = known({ keyPairs: [{ name: 'main' }, { name: 'ci', secret: { name: 'ann-main' } }] });
    const held = rawSecret({ of: subject, labels: {} });
    const api = createSecretsApi(held);
    const moved = { ...subject, spec: { ...subject.spec, keyPairs: (subject.spec.keyPairs ?? []).slice() } };
    moved.spec.keyPairs[0] = { name: 'main', secret: { name: 'elsewhere' } };
    const outcome = await applyTo(api, moved, []);
    // The former Secret has its label back and goes when it is seen; until then its name is taken.
    expect(changes(outcome)).toEqual(['moved', 'SecretConflict']);
    await settle(api, withStatus(moved, outcome));
    expect(plain(api.get('elsewhere'))).toEqual(keyPair());
    expect(plain(api.get('ann-main')).ak).not.toBe(keyPair().ak);
  });

  it('makes a new pair in place of the unlabelled Secret of a removed pair', async () => {
    const next = accessKey({ keyPairs: [{ name: 'next', secret: { name: 'ann-main' } }] });
    const api = createSecretsApi(rawSecret({ labels: { 'ghippo.io/key-pair': 'main' } }));
    await pass(api, next);
    await pass(api, next);
    expect(api.all()).toHaveLength(1);
    expect(plain(api.all()[0]).ak).not.toBe(keyPair().ak);
    expect(api.all()[0]?.metadata.labels).toMatchObject({ 'ghippo.io/key-pair': 'next' });
  });

  it.each([
    ['belongs to another AccessKey', { of: stranger }],
    ['belongs to nobody', { ownerReferences: [] }],
    ['is of another type', { type: 'Opaque' }],
    [
      'is controlled by something else',
      { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', uid: one.uid, controller: true }] },
    ],
    [
      'belonged to a former AccessKey of another name',
      {
        ownerReferences: [
          { apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', name: 'an', uid: 'former', controller: true },
        ],
      },
    ],
  ])('leaves a Secret alone that %s', async (_, parts) => {
    const taken = rawSecret({ name: 'ann-main', ...parts });
    const api = createSecretsApi(taken);
    const outcome = await applyTo(api, one, []);
    expect(outcome.pairs).toEqual([
      {
        ...{ pair: { name: 'main' }, secretName: 'ann-main', change: 'none' },
        problem: {
          reason: 'SecretConflict',
          message:
            'Secret ann-main exists and does not belong to this AccessKey: ' +
            'rename or delete it, or add the annotation ghippo.io/adopt=ann/main to adopt it',
        },
      },
    ]);
    expect(api.writes()).toEqual([]);
    expect(api.all()).toEqual([taken]);
  });

  it('throws when somebody else makes the Secret in the meantime', async () => {
    const api = createSecretsApi();
    const error = refused(409, 'AlreadyExists');
    api.refuse('create ann-main', error);
    await expect(pass(api, one)).rejects.toMatchObject({ name: 'StaleCacheError', cause: error });
  });
});

describe('regenerate', () => {
  it('makes both keys new, in the same Secret, and says which were malformed', async () => {
    const broken = rawSecret({ data: { sk: 'broken', note: 'kept' }, labels: {} });
    const api = createSecretsApi(broken);
    const outcome = await pass(api, one);
    expect(outcome.pairs).toMatchObject([{ change: 'regenerated', malformed: ['sk'] }]);
    const [made] = api.all();
    const { ak, sk } = plain(made);
    expect([isKey(ak), isKey(sk)]).toEqual([true, true]);
    expect(ak).not.toBe(keyPair().ak);
    expect(made?.metadata.uid).toBe(broken.metadata.uid);
    expect(made?.data.note).toBe(broken.data.note);
  });

  it('notes the revision and the time of the new pair', async () => {
    const subject = known({ keyPairs: [{ name: 'main', revision: 4 }] }, { revision: 4 });
    const api = createSecretsApi(rawSecret({ of: subject, data: { ak: '' } }));
    await pass(api, subject, now + 5000);
    expect(api.all()[0]?.metadata.annotations).toMatchObject({
      'ghippo.io/revision': '4',
      'ghippo.io/generated-at': '2026-01-01T00:00:05Z',
    });
  });

  it('takes the previous pair away too, which nothing has asked to keep', async () => {
    const subject = known({ keyPairs: [{ name: 'main', rotation: { overlap: '1h' } }] });
    const parts = { of: subject, previous: keyPair(9), facts: { previousValidUntil: now + 60_000 } };
    const api = createSecretsApi(rawSecret({ ...parts, data: { sk: 'broken' } }));
    await pass(api, subject);
    expect(Object.keys(api.all()[0]?.data ?? {}).sort()).toEqual(['ak', 'sk']);
  });
});

describe('a Secret whose ak is its sk', () => {
  it('gets a new pair, and neither outcome nor status have what was the sk', async () => {
    const api = createSecretsApi(rawSecret({ data: { ak: keyPair().sk } }));
    const outcome = await pass(api, one);
    expect(changes(outcome)).toEqual(['regenerated']);
    const { ak, sk } = plain(api.get('ann-main'));
    expect([isKey(ak), isKey(sk), ak === sk]).toEqual([true, true, false]);
    expect(JSON.stringify([outcome, withStatus(one, outcome).status])).not.toContain(keyPair().sk);
  });
});

describe('a Secret that was lost', () => {
  it('is told by the name that it had, when another one is wanted by now', async () => {
    const outcome = await pass(createSecretsApi(), known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] }));
    expect(outcome.told).toMatchObject([{ change: 'lost', secretName: 'new', lostSecretName: 'ann-main' }]);
  });
});

describe('what is told', () => {
  it('is each change as soon as it is made, though the pass breaks off after it', async () => {
    const api = createSecretsApi();
    api.refuse('create ann-ci', noAnswer);
    const told: Told = { told: [], removed: [] };
    await expect(pass(api, both, now, told)).rejects.toBe(noAnswer);
    expect(told.told.map(({ pair, change }) => [pair.name, change])).toEqual([['main', 'created']]);
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
  ])('makes the pass fail and does no harm: %s', async (_, subject, cached, live) => {
    const api = createSecretsApi(live);
    await expect(applyTo(api, subject, [cached])).rejects.toBeInstanceOf(StaleCacheError);
    expect(api.all()).toEqual([live]);
  });

  it.each([
    ['update', one, secret({ labels: {} })],
    ['regenerate', one, secret({ data: { sk: undefined } })],
    ['rotate', known({ keyPairs: [{ name: 'main', revision: 2 }] }), secret()],
  ])('makes the pass fail when the Secret is gone: %s', async (_, subject, cached) => {
    await expect(applyTo(createSecretsApi(), subject, [cached])).rejects.toBeInstanceOf(StaleCacheError);
  });

  it.each([
    [404, 'NotFound'],
    [409, 'Conflict'],
  ])('makes the pass fail when a patch is answered with %d', async (status, reason) => {
    const api = createSecretsApi(rawSecret({ labels: {} }));
    api.refuse('patch ann-main', refused(status, reason));
    await expect(applyTo(api, one, [secret({ labels: {} })])).rejects.toMatchObject({
      name: 'StaleCacheError',
      cause: { status },
    });
  });

  it('takes what is gone already as well, and does not tell it as removed', async () => {
    const left = secret();
    const outcome = await applyTo(createSecretsApi(), accessKey({ keyPairs: [] }), [left]);
    expect(outcome).toEqual({ pairs: [], told: [], removed: [], notRemoved: [] });
  });
});

describe('before anything is written', () => {
  const writes: [string, AccessKeyRecord, ReturnType<typeof rawSecret>[]][] = [
    ['create', one, []],
    ['update', one, [rawSecret({ annotations: {} })]],
    ['regenerate', one, [rawSecret({ data: { ak: '' } })]],
    ['rotate', known({ keyPairs: [{ name: 'main', revision: 2 }] }), [rawSecret()]],
    ['remove', accessKey({ keyPairs: [] }), [rawSecret()]],
  ];

  it.each(writes)('the API server is asked for the AccessKey: %s', async (_, subject, content) => {
    const api = createSecretsApi(...content);
    await pass(api, subject);
    expect(api.calls[0]).toBe('confirm ann');
    expect(api.writes()).toHaveLength(1);
  });

  it.each(writes)('a newer spec stops everything: %s', async (_, subject, content) => {
    for (const change of [{ generation: 2 }, { uid: 'successor' }, { deleting: true }]) {
      const api = createSecretsApi(...content);
      const cached = api.watched(subject);
      const stale = applyTo({ ...api, know: () => api.know({ ...subject, ...change }) }, subject, cached);
      await expect(stale).rejects.toBeInstanceOf(StaleCacheError);
      expect(api.calls).toEqual(['confirm ann']);
      expect(api.all()).toEqual(content);
    }
  });

  it('an AccessKey that is gone stops everything', async () => {
    const api = createSecretsApi();
    const stale = applyTo({ ...api, know: (absent) => new Map([[absent.key, absent]]) }, one, []);
    await expect(stale).rejects.toBeInstanceOf(StaleCacheError);
    expect(api.writes()).toEqual([]);
  });

  it('nothing is asked when there is nothing to write', async () => {
    const swap = [
      { name: 'main', secret: { name: 'ann-ci' } },
      { name: 'ci', secret: { name: 'ann-main' } },
    ];
    for (const subject of [one, accessKey({ keyPairs: [] }), accessKey({ keyPairs: swap })]) {
      const content = subject.spec.keyPairs?.map(({ name }, n) =>
        rawSecret({ of: subject, pair: name, keys: keyPair(n), name: `ann-${name}` }),
      );
      const api = createSecretsApi(...(content ?? []));
      await pass(api, subject);
      expect(api.calls).toEqual([]);
    }
  });
});

describe('a Secret that the API server refuses', () => {
  it.each([
    [403, 'Forbidden'],
    [422, 'Invalid'],
    [500, 'InternalError'],
  ])('with %d is a problem of its pair and does not stop the other', async (status, reason) => {
    const error = refused(status, reason);
    const api = createSecretsApi();
    api.refuse('create ann-main', error);
    const outcome = await pass(api, both);
    const stablePrefix = 'Secret ann-main could not be written';
    const message = `${stablePrefix}: ${status === 500 ? '500 InternalError' : error.message}`;
    expect(outcome.pairs[0]).toEqual({
      ...{ pair: { name: 'main' }, secretName: 'ann-main', change: 'none' },
      problem: { reason: 'SecretFailed', message, stablePrefix, error },
    });
    expect(changes(outcome)).toEqual(['SecretFailed', 'created']);
  });

  it.each([401, 429, 502, 503, 504])('with %d says nothing of it, so the pass fails', async (status) => {
    const error = refused(status, 'Unavailable');
    const api = createSecretsApi();
    api.refuse('create ann-main', error);
    await expect(pass(api, both)).rejects.toBe(error);
    expect(api.writes()).toEqual(['create ann-main']);
  });

  it.each([
    ['patch ann-main', rawSecret({ labels: { ...rawSecret().metadata.labels, 'ghippo.io/access-key': 'x' } })],
    ['patch ann-main', rawSecret({ data: { ak: 'x' } })],
    ['read ann-main', rawSecret({ annotations: {} })],
  ])('is a problem for %s too', async (call, content) => {
    const error = refused(403, 'Forbidden');
    const api = createSecretsApi(content);
    api.refuse(call, error);
    const outcome = await pass(api, one);
    expect(outcome.pairs).toMatchObject([{ change: 'none', problem: { reason: 'SecretFailed', error } }]);
    expect(api.all()).toEqual([content]);
  });

  it('goes on holding its pair, when it has one', async () => {
    const api = createSecretsApi(rawSecret({ annotations: {} }));
    api.refuse('patch ann-main', refused(403, 'Forbidden'));
    const outcome = await pass(api, one);
    expect(outcome.pairs).toMatchObject([{ secret: { pair: { ak: keyPair().ak } } }]);
  });

  it('goes on holding its pair in the Secret of the former name, when the new one is refused', async () => {
    const api = createSecretsApi(rawSecret());
    api.refuse('create new', refused(403, 'Forbidden'));
    const outcome = await pass(api, known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] }));
    expect(outcome.pairs).toMatchObject([{ secretName: 'new', secret: { name: 'ann-main' } }]);
    expect(outcome.removed).toEqual([]);
  });

  it('is told when it is a removal, and the others go', async () => {
    const error = refused(403, 'Forbidden');
    const ci = rawSecret({ of: both, pair: 'ci', keys: keyPair(2) });
    const api = createSecretsApi(rawSecret(), ci);
    api.refuse('delete ann-main', error);
    const outcome = await pass(api, accessKey({ keyPairs: [] }));
    expect(outcome.notRemoved).toEqual([{ secretName: 'ann-main', error }]);
    expect(outcome.removed).toEqual(['ann-ci']);
  });

  it.each(['confirm ann', 'read ann-main', 'create ann-main'])('no answer to %s makes the pass fail', async (call) => {
    const api = createSecretsApi();
    api.refuse(call, noAnswer);
    await expect(pass(api, one)).rejects.toBe(noAnswer);
  });

  it('no answer to a removal makes the pass fail', async () => {
    const api = createSecretsApi(rawSecret());
    api.refuse('delete ann-main', noAnswer);
    await expect(pass(api, accessKey({ keyPairs: [] }))).rejects.toBe(noAnswer);
  });
});
