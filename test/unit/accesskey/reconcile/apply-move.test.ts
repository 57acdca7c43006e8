import { describe, expect, it } from 'vitest';
import { isKey } from '../../../../src/credential/key-pair.ts';
import { toSecretRecord } from '../../../../src/credential/secret-record.ts';
import { accessKey, at, keyPair, known, now, rawSecret } from '../../../support/builders.ts';
import { applyTo, changes, plain, reconcileOnce, settle } from './reconciles.ts';
import { createSecretsApi, rejected } from './secrets-api.ts';

const moving = { name: 'main', secret: { name: 'new' } };
const renamed = accessKey({ keyPairs: [moving] });
const stranger = accessKey({ name: 'bob', user: 'bob' });
const former = rawSecret({ name: 'ann-main' });

describe('a move', () => {
  it('keeps both keys', async () => {
    const api = createSecretsApi(former);
    const outcome = await reconcileOnce(api, renamed);
    expect(changes(outcome)).toEqual(['moved']);
    expect(plain(api.get('new'))).toEqual(keyPair());
    expect(JSON.stringify(outcome)).not.toContain(keyPair().sk);
  });

  it('keeps revision, age and the previous pair', async () => {
    const pair = { ...moving, revision: 5, rotation: { overlap: '1h' } };
    const facts = { revision: 5, generatedAt: now - 1_800_000, previousValidUntil: now + 60_000 };
    const subject = accessKey({ keyPairs: [pair] });
    const api = createSecretsApi(rawSecret({ of: subject, name: 'ann-main', previous: keyPair(9), facts }));
    await reconcileOnce(api, subject);
    const moved = api.get('new');
    expect(moved?.metadata.annotations).toMatchObject({
      'ghippo.io/revision': '5',
      'ghippo.io/generated-at': at(-1800),
      'ghippo.io/previous-valid-until': at(60),
    });
    expect(plain(moved, 'previous-ak', 'previous-sk')).toEqual(keyPair(9));
  });

  it('drops a previous pair whose overlap has ended', async () => {
    const pair = { ...moving, rotation: { overlap: '1h' } };
    const subject = accessKey({ keyPairs: [pair] });
    const facts = { previousValidUntil: now };
    const api = createSecretsApi(rawSecret({ of: subject, name: 'ann-main', previous: keyPair(9), facts }));
    await reconcileOnce(api, subject);
    expect(Object.keys(api.get('new')?.data ?? {}).sort()).toEqual(['ak', 'sk']);
    expect(api.get('new')?.metadata.annotations).not.toHaveProperty('ghippo.io/previous-valid-until');
  });

  it('stores the pair under the data keys of the spec', async () => {
    const keys = { akKey: 'user', skKey: 'password' };
    const subject = accessKey({ keyPairs: [{ name: 'main', secret: { name: 'new', ...keys } }] });
    const api = createSecretsApi(former);
    await reconcileOnce(api, subject);
    expect(plain(api.get('new'), 'user', 'password')).toEqual(keyPair());
    expect(Object.keys(api.get('new')?.data ?? {}).sort()).toEqual(['password', 'user']);
  });

  it('finds a former Secret without labels by the status', async () => {
    const api = createSecretsApi(rawSecret({ name: 'ann-main', labels: {}, annotations: {} }));
    const subject = known({ keyPairs: [moving] });
    const outcome = await reconcileOnce(api, subject);
    expect(changes(outcome)).toEqual(['moved']);
    expect(plain(api.get('new'))).toEqual(keyPair());
    expect(api.writes()).toEqual(['create new']);
    expect(
      api.watched(subject).map(({ name }) => name),
      'the former Secret is watched without its labels',
    ).toContain('ann-main');
  });

  it('from a Secret without labels deletes the former Secret and keeps the keys', async () => {
    const api = createSecretsApi(rawSecret({ name: 'ann-main', labels: {}, annotations: {} }));
    const { accessKey: after } = await settle(api, known({ keyPairs: [moving] }));
    expect(api.all().map(({ metadata }) => metadata.name)).toEqual(['new']);
    expect(plain(api.get('new'))).toEqual(keyPair());
    expect(after.status.keyPairs).toMatchObject([{ accessKey: keyPair().ak, secretName: 'new' }]);
  });

  it('keeps the former Secret without labels if the new one is rejected', async () => {
    const api = createSecretsApi(rawSecret({ name: 'ann-main', labels: {} }));
    api.reject('create new', rejected(403, 'Forbidden'));
    const subject = known({ keyPairs: [moving] });
    await reconcileOnce(api, subject);
    expect(api.watched(subject).map(({ name }) => name)).toEqual(['ann-main']);
    expect(plain(api.get('ann-main'))).toEqual(keyPair());
  });

  it('finds a former Secret without labels and annotations', async () => {
    const keys = { akKey: 'user', skKey: 'password' };
    const subject = known({ keyPairs: [{ name: 'main', secret: { name: 'new', ...keys } }] });
    const api = createSecretsApi(rawSecret({ of: subject, name: 'ann-main', labels: {}, annotations: {} }));
    expect(changes(await reconcileOnce(api, subject))).toEqual(['moved']);
    expect(plain(api.get('new'), 'user', 'password')).toEqual(keyPair());
  });

  it('generates a new pair if the former Secret is invalid', async () => {
    const api = createSecretsApi({ ...former, data: {} });
    const outcome = await applyTo(api, renamed, [toSecretRecord(former)]);
    expect(changes(outcome)).toEqual(['created']);
    expect(isKey(plain(api.get('new')).ak)).toBe(true);
  });

  it('generates a new pair if the former Secret was deleted', async () => {
    const api = createSecretsApi();
    const outcome = await applyTo(api, renamed, [toSecretRecord(former)]);
    expect(changes(outcome)).toEqual(['created']);
    expect(api.writes()).toEqual(['create new']);
  });

  it('does not copy the pair of another AccessKey from the former name', async () => {
    for (const subject of [renamed, known({ keyPairs: [moving] })]) {
      const api = createSecretsApi(rawSecret({ of: stranger, name: 'ann-main', keys: keyPair(9) }));
      await applyTo(api, subject, [toSecretRecord(former)]);
      expect(plain(api.get('new')).ak).not.toBe(keyPair(9).ak);
    }
  });

  it('does not copy another pair of the same AccessKey from the former name', async () => {
    const ci = { name: 'ci', accessKey: keyPair(2).ak, secretName: 'ann-main' };
    const subject = known({ keyPairs: [moving, { name: 'ci', secret: { name: 'ann-main' } }] }, {}, ci);
    const api = createSecretsApi(rawSecret({ of: subject, pair: 'ci', keys: keyPair(2) }));
    expect(changes(await reconcileOnce(api, subject))).toEqual(['lost', 'none']);
    expect(plain(api.get('new')).ak).not.toBe(keyPair(2).ak);
  });

  it('does not copy the pair of a former Secret that is being deleted', async () => {
    const api = createSecretsApi(rawSecret({ name: 'ann-main', deletionTimestamp: at(-1) }));
    const outcome = await reconcileOnce(api, known({ keyPairs: [moving] }));
    expect(changes(outcome)).toEqual(['lost']);
    expect(plain(api.get('new')).ak).not.toBe(keyPair().ak);
  });
});

describe('two pairs that move one after the other', () => {
  it('keep their own keys', async () => {
    const both = accessKey({ keyPairs: [{ name: 'main' }, { name: 'ci' }] });
    const ci = rawSecret({ of: both, pair: 'ci', keys: keyPair(2) });
    const api = createSecretsApi(rawSecret({ of: both }), ci);
    const { accessKey: before } = await settle(api, both);
    const keyPairs = [moving, { name: 'ci', secret: { name: 'ann-main' } }];
    await settle(api, { ...before, spec: { ...before.spec, keyPairs } });
    expect(plain(api.get('new'))).toEqual(keyPair());
    expect(plain(api.get('ann-main'))).toEqual(keyPair(2));
    expect(api.all()).toHaveLength(2);
  });
});

describe('renamed data keys', () => {
  const spec = (secret: object) => known({ keyPairs: [{ name: 'main', secret }] });
  const custom = { akKey: 'user', skKey: 'password' };

  it('keep the pair and remove the former data keys', async () => {
    const api = createSecretsApi(rawSecret({ data: { note: 'kept' } }));
    const outcome = await reconcileOnce(api, spec(custom));
    expect(changes(outcome)).toEqual(['updated']);
    const [found] = api.all();
    expect(plain(found, 'user', 'password')).toEqual(keyPair());
    expect(Object.keys(found?.data ?? {}).sort()).toEqual(['note', 'password', 'user']);
    expect(outcome.pairs[0]?.secret?.pair?.ak).toBe(keyPair().ak);
  });

  it('may be the former ones swapped', async () => {
    const api = createSecretsApi(rawSecret());
    await settle(api, spec({ akKey: 'sk', skKey: 'ak' }));
    expect(plain(api.get('ann-main'), 'sk', 'ak')).toEqual(keyPair());
  });

  it.each([
    ['other keys', custom],
    ['the default keys swapped', { akKey: 'sk', skKey: 'ak' }],
  ])('keep the pair if their annotations are lost: %s', async (_, keys) => {
    const subject = spec(keys);
    const raw = rawSecret({ of: subject, annotations: {} });
    const api = createSecretsApi(raw);
    const { accessKey: after } = await settle(api, subject);
    expect(plain(api.get('ann-main'), keys.akKey, keys.skKey)).toEqual(keyPair());
    expect(after.status.keyPairs).toMatchObject([{ accessKey: keyPair().ak, createdAt: at(-1800) }]);
    expect(JSON.stringify(after.status)).not.toContain(keyPair().sk);
  });

  it('keep the pair if forged annotations swap them', async () => {
    const sound = rawSecret();
    const forged = { ...sound.metadata.annotations, 'ghippo.io/ak-key': 'sk', 'ghippo.io/sk-key': 'ak' };
    const api = createSecretsApi(rawSecret({ annotations: forged }));
    const { accessKey: after } = await settle(api, known());
    expect(plain(api.get('ann-main'))).toEqual(keyPair());
    expect(JSON.stringify(after.status)).not.toContain(keyPair().sk);
  });

  it('stay with the pair when another one gets the former Secret name and all metadata are lost', async () => {
    const keys = { akKey: 'sk', skKey: 'ak' };
    const before = known(
      { keyPairs: [{ name: 'main', secret: { ...keys, name: 'shared' } }] },
      { secretName: 'shared' },
    );
    const api = createSecretsApi(rawSecret({ of: before, name: 'shared', labels: {}, annotations: {} }));
    const keyPairs = [
      { name: 'main', secret: keys },
      { name: 'ci', secret: { name: 'shared' } },
    ];
    const { accessKey: after, statuses } = await settle(api, { ...before, spec: { ...before.spec, keyPairs } });
    expect(after.status.keyPairs).toMatchObject([{ accessKey: keyPair().ak }, { state: 'Active' }]);
    expect(plain(api.get('ann-main'), 'sk', 'ak')).toEqual(keyPair());
    expect(JSON.stringify(statuses)).not.toContain(keyPair().sk);
    expect(JSON.stringify(api.get('shared')?.data)).not.toContain(keyPair().sk);
  });

  it('keep the previous pair during the overlap if their annotations are lost', async () => {
    const previous = { accessKey: keyPair(9).ak, validUntil: at(1800) };
    const pair = { name: 'main', secret: custom, rotation: { overlap: '1h' } };
    const subject = known({ keyPairs: [pair] }, { previous });
    const parts = { of: subject, annotations: {}, previous: keyPair(9), createdAt: at(-864_000) };
    const api = createSecretsApi(rawSecret(parts));
    const { accessKey: after } = await settle(api, subject);
    expect(plain(api.get('ann-main'), 'previous-ak', 'previous-sk')).toEqual(keyPair(9));
    expect(after.status.keyPairs).toMatchObject([{ state: 'Rotating', previous, createdAt: at(-1800) }]);
  });

  it('neither use nor remove values that others added', async () => {
    const api = createSecretsApi(rawSecret({ data: { user: 'root', token: 'abc' } }));
    await reconcileOnce(api, spec({ akKey: 'id', skKey: 'password' }));
    const [found] = api.all();
    expect(Object.keys(found?.data ?? {}).sort()).toEqual(['id', 'password', 'token', 'user']);
    expect(plain(found, 'user', 'token')).toEqual({ ak: 'root', sk: 'abc' });
  });
});
