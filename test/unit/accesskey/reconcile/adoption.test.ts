import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import { judgeAdoption } from '../../../../src/accesskey/reconcile/adoption.ts';
import { StaleCacheError } from '../../../../src/accesskey/reconcile/secret-errors.ts';
import { toFetchedSecret } from '../../../../src/credential/secret-record.ts';
import { accessKey, at, keyPair, known, now, rawSecret, type SecretParts } from '../../../support/builders.ts';
import { changes, plain, reconcileOnce, settle } from './reconciles.ts';
import { createSecretsApi, rejected } from './secrets-api.ts';

const one = accessKey();
const mark = { 'ghippo.io/adopt': 'ann/main' };

/** A Secret that a person has created: of our type, marked, not controlled. */
function brought(parts: SecretParts = {}) {
  return rawSecret({ labels: {}, annotations: mark, ownerReferences: [], ...parts });
}

const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', uid: 'd1' };
const rejections: [string, SecretParts, RegExp][] = [
  ['it is not marked', { annotations: {} }, /annotation ghippo.io\/adopt=ann\/main/],
  ['the mark names another AccessKey', { annotations: { 'ghippo.io/adopt': 'bob/main' } }, /=ann\/main/],
  ['the mark names another pair', { annotations: { 'ghippo.io/adopt': 'ann/ci' } }, /=ann\/main/],
  ['the mark is empty', { annotations: { 'ghippo.io/adopt': '' } }, /=ann\/main/],
  ['it is of another type', { type: 'Opaque' }, /type must be ghippo.io\/access-key/],
  [
    'another object controls it',
    { ownerReferences: [{ ...deployment, controller: true }] },
    /another object controls it: Deployment$/,
  ],
  [
    'another AccessKey controls it',
    { of: accessKey({ name: 'bob', uid: 'u2' }), name: 'ann-main', annotations: mark },
    /another object controls it: AccessKey bob$/,
  ],
  ['it is being deleted', { deletionTimestamp: at(-1) }, /being deleted/],
  ['its ak is not a UUID', { data: { ak: 'AKIA' } }, /: the value of ak must be a lowercase UUID/],
  ['its sk is absent', { data: { sk: undefined } }, /: the value of sk must be a lowercase UUID/],
  ['its ak equals its sk', { data: { sk: keyPair().ak } }, /: its ak and sk must differ/],
  ['both are invalid', { data: { ak: 'x', sk: 'y' } }, /: the values of ak and sk must be lowercase UUIDs/],
];

describe('judgeAdoption', () => {
  it('adopts a marked Secret with a valid pair', () => {
    expect(judgeAdoption(one, { name: 'main' }, toFetchedSecret(brought()))).toMatchObject({
      adopt: { pair: { ak: keyPair().ak } },
    });
  });

  it('adopts a Secret with an owner that does not control it', () => {
    const verdict = judgeAdoption(one, { name: 'main' }, toFetchedSecret(brought({ ownerReferences: [deployment] })));
    expect(verdict).toHaveProperty('adopt');
  });

  it.each(rejections)('rejects with a reason if %s', (_, parts, reason) => {
    const owner = parts.of && { ownerReferences: rawSecret({ of: parts.of }).metadata.ownerReferences };
    const verdict = judgeAdoption(one, { name: 'main' }, toFetchedSecret(brought({ ...parts, ...owner })));
    expect(verdict).toEqual({ reject: expect.stringMatching(reason) });
    expect(JSON.stringify(verdict)).not.toContain(keyPair().sk);
  });

  it.each([
    ['long', 'x'.repeat(1_000_000), 'x'.repeat(253)],
    ['long, of wide characters', '一'.repeat(32_000), '一'.repeat(253)],
    ['with sequences for the terminal', '\u202e\u001b[31mREADY\u001b[0m\nReady <b>', '??[31mREADY?[0m?Ready <b>'],
  ])('names the owner and the type in one line of bounded length: %s', (_, text, shown) => {
    const ownerReferences = [{ ...deployment, kind: text, name: text, controller: true }];
    const reject = (parts: SecretParts) => judgeAdoption(one, { name: 'main' }, toFetchedSecret(brought(parts)));
    expect(reject({ annotations: {}, ownerReferences })).toEqual({
      reject: expect.stringContaining(`: it belongs to ${shown} ${shown}; set another secret.name`),
    });
    expect(reject({ ownerReferences })).toEqual({
      reject: `Secret ann-main cannot be adopted: another object controls it: ${shown} ${shown}`,
    });
    expect(reject({ annotations: {}, type: text })).toEqual({
      reject: expect.stringContaining(`: it has the type ${shown}; set another secret.name`),
    });
  });

  it('rejects a copy of another pair of the same AccessKey', () => {
    const both = known({ keyPairs: [{ name: 'main' }, { name: 'ci' }] }, { name: 'ci' });
    expect(judgeAdoption(both, { name: 'main' }, toFetchedSecret(brought()))).toEqual({
      reject: 'Secret ann-main cannot be adopted: its ak is already the ak of key pair ci',
    });
    expect(judgeAdoption(both, { name: 'main' }, toFetchedSecret(brought({ keys: keyPair(3) })))).toHaveProperty(
      'adopt',
    );
    expect(
      judgeAdoption(known(), { name: 'main' }, toFetchedSecret(brought())),
      'a backup of the pair itself',
    ).toHaveProperty('adopt');
  });

  it('reads the pair under the data keys of the spec, whatever the annotations say', () => {
    const pair = { name: 'main', secret: { akKey: 'user', skKey: 'password' } };
    const data = { ak: undefined, sk: undefined, user: keyPair(3).ak, password: keyPair(3).sk };
    const annotations = { ...mark, 'ghippo.io/ak-key': 'ak', 'ghippo.io/sk-key': 'sk' };
    expect(judgeAdoption(one, pair, toFetchedSecret(brought({ data, annotations })))).toMatchObject({
      adopt: { pair: { ak: keyPair(3).ak } },
    });
    expect(judgeAdoption(one, pair, toFetchedSecret(brought()))).toEqual({
      reject: expect.stringMatching(/user and password must/),
    });
  });
});

describe('an adoption', () => {
  it('keeps the pair, sets labels and owner, and leaves the rest unchanged', async () => {
    const foreign = { labels: { team: 'shop' }, annotations: { ...mark, note: 'x' }, ownerReferences: [deployment] };
    const api = createSecretsApi(brought({ ...foreign, data: { token: 'abc' } }));
    const outcome = await reconcileOnce(api, one);
    expect(changes(outcome)).toEqual(['adopted']);
    const [found] = api.all();
    expect(plain(found)).toEqual(keyPair());
    expect(found?.metadata.labels).toMatchObject({ team: 'shop', 'ghippo.io/key-pair': 'main' });
    expect(found?.metadata.annotations).toMatchObject({ note: 'x' });
    expect(Object.keys(found?.data ?? {}).sort()).toEqual(['ak', 'sk', 'token']);
    expect(found?.metadata.ownerReferences).toEqual([deployment, expect.objectContaining({ uid: one.uid })]);
    expect(JSON.stringify(outcome)).not.toContain(keyPair().sk);
  });

  it('replaces a reference to the AccessKey that is not the controller', async () => {
    const owner = { apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', name: 'ann', uid: one.uid, controller: false };
    const api = createSecretsApi(brought({ ownerReferences: [owner, deployment] }));
    await reconcileOnce(api, one);
    expect(api.all()[0]?.metadata.ownerReferences).toEqual([deployment, { ...owner, controller: true }]);
  });

  it.each([
    ['the annotation, if it is earlier than the Secret', at(-864_000), at(-3600), at(-864_000)],
    ['the creation of the Secret, if the annotation is later', at(-60), at(-3600), at(-3600)],
    ['the creation of the Secret, if the annotation is in the future', at(864_000), at(-3600), at(-3600)],
    ['the creation of the Secret, if the annotation is malformed', 'yesterday', at(-3600), at(-3600)],
    ['now, if the clock is behind', at(60), at(60), at(0)],
  ])('does not make the pair younger: it was created at %s', async (_, generatedAt, createdAt, expected) => {
    const api = createSecretsApi(
      brought({ annotations: { ...mark, 'ghippo.io/generated-at': generatedAt }, createdAt }),
    );
    const { accessKey: after } = await settle(api, one);
    expect(after.status.keyPairs).toMatchObject([{ createdAt: expected }]);
    expect(api.get('ann-main')?.metadata.annotations).toMatchObject({ 'ghippo.io/generated-at': expected });
  });

  it('announces a rotation that is already due, and has the revision of the spec, whatever the Secret says', async () => {
    const forged = { 'ghippo.io/revision': '9', 'ghippo.io/generated-at': at(-864_000) };
    const subject = accessKey({ keyPairs: [{ name: 'main', revision: 2, rotation: { interval: '1h' } }] });
    const api = createSecretsApi(brought({ annotations: { ...mark, ...forged } }));
    const { accessKey: after } = await settle(api, subject);
    expect(plain(api.all()[0])).toEqual(keyPair());
    expect(after.status.keyPairs).toMatchObject([{ revision: 2, nextRotationAt: at(3600) }]);
  });

  it('happens once, and later reconciles write nothing', async () => {
    const api = createSecretsApi(brought());
    await settle(api, one);
    expect(api.writes()).toEqual(['patch ann-main']);
  });

  it('reports the field manager that wrote the mark', async () => {
    const marked = brought();
    const fieldsV1 = { 'f:metadata': { 'f:annotations': { 'f:ghippo.io/adopt': {} } } };
    const managedFields = [
      { manager: 'kubectl-create', fieldsV1: {} },
      { manager: 'kubectl-annotate', fieldsV1 },
    ];
    const api = createSecretsApi({ ...marked, metadata: { ...marked.metadata, ...{ managedFields } } });
    expect((await reconcileOnce(api, one)).pairs).toMatchObject([{ change: 'adopted', manager: 'kubectl-annotate' }]);
  });

  it('removes the mark in the same patch', async () => {
    const api = createSecretsApi(brought());
    await reconcileOnce(api, one);
    expect(api.writes()).toEqual(['patch ann-main']);
    expect(api.get('ann-main')?.metadata.annotations).not.toHaveProperty('ghippo.io/adopt');
  });

  it('does not happen for a marked Secret that already belongs to the AccessKey', async () => {
    const sound = rawSecret();
    const api = createSecretsApi(rawSecret({ annotations: { ...sound.metadata.annotations, ...mark } }));
    const { accessKey: after } = await settle(api, known());
    expect(after.status.keyPairs).toMatchObject([{ accessKey: keyPair().ak, createdAt: at(-1800) }]);
    expect(api.writes(), 'only the mark is removed').toEqual(['patch ann-main']);
    expect(api.all()).toMatchObject([{ data: sound.data, metadata: { annotations: sound.metadata.annotations } }]);
  });

  describe('during an overlap', () => {
    const overlapping = accessKey({ keyPairs: [{ name: 'main', rotation: { overlap: '1h' } }] });
    const recorded = (until: string) => ({
      ...mark,
      'ghippo.io/generated-at': at(-1800),
      'ghippo.io/previous-valid-until': until,
    });

    it('keeps the previous pair until the recorded end', async () => {
      const api = createSecretsApi(brought({ annotations: recorded(at(1800)), previous: keyPair(9) }));
      const { accessKey: after } = await settle(api, overlapping);
      const [found] = api.all();
      expect(plain(found)).toEqual(keyPair());
      expect(plain(found, 'previous-ak', 'previous-sk')).toEqual(keyPair(9));
      expect(after.status.keyPairs).toMatchObject([
        { state: 'Rotating', previous: { accessKey: keyPair(9).ak, validUntil: at(1800) } },
      ]);
      expect(api.writes()).toEqual(['patch ann-main']);
    });

    it('keeps it in a Secret that is much older than the pair', async () => {
      const parts = { annotations: recorded(at(1800)), previous: keyPair(9), createdAt: at(-864_000) };
      const { accessKey: after } = await settle(createSecretsApi(brought(parts)), overlapping);
      expect(after.status.keyPairs).toMatchObject([
        { createdAt: at(-1800), previous: { accessKey: keyPair(9).ak, validUntil: at(1800) } },
      ]);
    });

    it('never extends it beyond the overlap of the spec', async () => {
      const ahead = { ...recorded(at(864_000)), 'ghippo.io/generated-at': at(864_000) };
      const api = createSecretsApi(brought({ annotations: ahead, previous: keyPair(9) }));
      const { accessKey: after } = await settle(api, overlapping);
      expect(after.status.keyPairs?.[0]?.previous?.validUntil).toBe(at(3600));
    });

    it.each<[string, SecretParts, AccessKeyRecord?]>([
      ['its end is not recorded', { annotations: mark }],
      ['its end is malformed', { annotations: recorded('tomorrow') }],
      ['it has ended', { annotations: recorded(at(-1)) }],
      ['the spec has no overlap', {}, one],
      ['its sk is malformed', { data: { 'previous-sk': 'x' } }],
      ['it is the current pair', { previous: keyPair() }],
    ])('removes the previous pair if %s', async (_, parts, subject = overlapping) => {
      const api = createSecretsApi(brought({ annotations: recorded(at(1800)), previous: keyPair(9), ...parts }));
      const { accessKey: after } = await settle(api, subject);
      const [found] = api.all();
      expect(Object.keys(found?.data ?? {}).sort()).toEqual(['ak', 'sk']);
      expect(found?.metadata.annotations).not.toHaveProperty('ghippo.io/previous-valid-until');
      expect(after.status.keyPairs?.[0]).not.toHaveProperty('previous');
    });
  });

  it.each(rejections)('does not happen, and the Secret is not changed, if %s', async (_, parts) => {
    const owner = parts.of && { ownerReferences: rawSecret({ of: parts.of }).metadata.ownerReferences };
    const taken = brought({ ...parts, ...owner });
    const api = createSecretsApi(taken);
    const outcome = await reconcileOnce(api, one);
    expect(changes(outcome)).toEqual([parts.deletionTimestamp ? 'SecretTerminating' : 'SecretConflict']);
    expect(api.writes()).toEqual([]);
    expect(api.all()).toEqual([taken]);
  });

  it('that is rejected leaves the pair in its current Secret', async () => {
    const renamed = known({ keyPairs: [{ name: 'main', secret: { name: 'taken' } }] });
    const api = createSecretsApi(rawSecret({ name: 'ann-main' }), brought({ name: 'taken', annotations: {} }));
    const outcome = await reconcileOnce(api, renamed);
    expect(outcome.pairs).toMatchObject([{ secret: { name: 'ann-main' }, problem: { reason: 'SecretConflict' } }]);
    expect(outcome.removed).toEqual([]);
  });

  it('is retried if the Secret has changed meanwhile', async () => {
    const api = createSecretsApi(brought());
    api.reject('patch ann-main', rejected(409, 'Conflict'));
    await expect(reconcileOnce(api, one, now)).rejects.toBeInstanceOf(StaleCacheError);
    expect(api.all()).toEqual([brought()]);
  });
});

describe('a Secret of a former AccessKey of the same name', () => {
  const former = accessKey({ uid: 'former' });
  const left = rawSecret({ of: former });

  it('is deleted, reported and replaced with a new pair', async () => {
    const api = createSecretsApi(left);
    const outcome = await reconcileOnce(api, one);
    expect(changes(outcome)).toEqual(['created']);
    expect(outcome.removed).toEqual(['ann-main']);
    expect(api.writes()).toEqual(['delete ann-main', 'create ann-main']);
    expect(plain(api.get('ann-main')).ak).not.toBe(keyPair().ak);
  });

  it('is adopted with its pair and gets the new owner if it is marked', async () => {
    const otherOwner = { apiVersion: 'v1', kind: 'ConfigMap', uid: 'c1' };
    const owners = [...left.metadata.ownerReferences, otherOwner];
    const api = createSecretsApi(rawSecret({ of: former, annotations: mark, ownerReferences: owners }));
    const outcome = await reconcileOnce(api, one);
    expect(changes(outcome)).toEqual(['adopted']);
    expect(outcome.removed).toEqual([]);
    expect(plain(api.get('ann-main'))).toEqual(keyPair());
    expect(api.get('ann-main')?.metadata.ownerReferences.map(({ uid }) => uid)).toEqual(['c1', one.uid]);
    await settle(api, one);
    expect(api.writes()).toEqual(['patch ann-main']);
  });

  it('is replaced if it is marked for another pair', async () => {
    const api = createSecretsApi(rawSecret({ of: former, annotations: { 'ghippo.io/adopt': 'ann/ci' } }));
    expect(changes(await reconcileOnce(api, one))).toEqual(['created']);
    expect(plain(api.get('ann-main')).ak).not.toBe(keyPair().ak);
  });

  it('is rejected and not changed if it is marked and invalid', async () => {
    const broken = rawSecret({ of: former, annotations: mark, data: { sk: 'x' } });
    const api = createSecretsApi(broken);
    expect(changes(await reconcileOnce(api, one))).toEqual(['SecretConflict']);
    expect(api.all()).toEqual([broken]);
  });

  it.each([{}, { annotations: mark }])('blocks the pair while a finalizer keeps it: %j', async (parts) => {
    const api = createSecretsApi(rawSecret({ of: former, deletionTimestamp: at(-5), ...parts }));
    const outcome = await reconcileOnce(api, one);
    expect(changes(outcome)).toEqual(['SecretTerminating']);
    expect([api.writes(), outcome.removed]).toEqual([[], []]);
  });
});

describe('a mark on a Secret that already belongs to the AccessKey', () => {
  it.each(['ann/main', 'bob/main', ''])('is removed, and the pair stays: %j', async (mark) => {
    const sound = rawSecret();
    const annotations = { ...sound.metadata.annotations, 'ghippo.io/adopt': mark };
    const api = createSecretsApi(rawSecret({ annotations }));
    const { outcome } = await settle(api, known());
    expect(api.get('ann-main')).toMatchObject({
      data: sound.data,
      metadata: { annotations: sound.metadata.annotations },
    });
    expect(api.get('ann-main')?.metadata.annotations).not.toHaveProperty('ghippo.io/adopt');
    expect(outcome.pairs[0]?.problem).toBeUndefined();
  });
});
