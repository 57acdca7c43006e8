import { describe, expect, it } from 'vitest';
import { digestOf, isKey } from '../../../../src/credential/key-pair.ts';
import { at, keyPair, known, now, rawSecret } from '../../../support/builders.ts';
import { changes, plain, reconcileOnce, settle, withStatus } from './reconciles.ts';
import { createSecretsApi, rejected } from './secrets-api.ts';

const rotation = { overlap: '1h' };
const raised = { name: 'main', revision: 2 };

describe('a rotation', () => {
  it('replaces both keys in the same Secret and reports the cause', async () => {
    const api = createSecretsApi(rawSecret({ data: { note: 'kept' } }));
    const outcome = await reconcileOnce(api, known({ keyPairs: [raised] }));
    expect(outcome.pairs).toMatchObject([{ change: 'rotated', cause: 'revision' }]);
    const [found] = api.all();
    const { ak, sk } = plain(found);
    expect([isKey(ak), isKey(sk)]).toEqual([true, true]);
    expect([ak, sk]).not.toContain(keyPair().ak);
    expect([ak, sk]).not.toContain(keyPair().sk);
    expect(found?.metadata.uid).toBe(rawSecret().metadata.uid);
    expect(Object.keys(found?.data ?? {}).sort()).toEqual(['ak', 'note', 'sk']);
    expect(outcome.pairs[0]?.secret?.pair).toEqual({ ak, digest: digestOf(sk) });
    expect(JSON.stringify(outcome)).not.toContain(sk);
  });

  it('annotates the revision and the time', async () => {
    const api = createSecretsApi(rawSecret());
    await reconcileOnce(api, known({ keyPairs: [raised] }), now + 1999);
    expect(api.all()[0]?.metadata.annotations).toMatchObject({
      'ghippo.io/revision': '2',
      'ghippo.io/generated-at': at(1),
    });
  });

  it('with an overlap keeps the current pair as the previous one, in the same patch', async () => {
    const api = createSecretsApi(rawSecret());
    await reconcileOnce(api, known({ keyPairs: [{ ...raised, rotation }] }));
    const [found] = api.all();
    expect(api.writes()).toEqual(['patch ann-main']);
    expect(plain(found, 'previous-ak', 'previous-sk')).toEqual(keyPair());
    expect(plain(found).ak).not.toBe(keyPair().ak);
    expect(found?.metadata.annotations).toMatchObject({ 'ghippo.io/previous-valid-until': at(3600) });
  });

  it('without an overlap removes the current pair immediately', async () => {
    const api = createSecretsApi(rawSecret());
    await reconcileOnce(api, known({ keyPairs: [raised] }));
    expect(Object.values(api.all()[0]?.data ?? {})).not.toContain(Buffer.from(keyPair().ak).toString('base64'));
    expect(api.all()[0]?.metadata.annotations).not.toHaveProperty('ghippo.io/previous-valid-until');
  });

  it('during an overlap replaces the previous pair', async () => {
    const subject = known({ keyPairs: [{ ...raised, rotation }] });
    const facts = { previousValidUntil: now + 60_000 };
    const api = createSecretsApi(rawSecret({ of: subject, previous: keyPair(9), facts }));
    await reconcileOnce(api, subject);
    expect(plain(api.all()[0], 'previous-ak', 'previous-sk')).toEqual(keyPair());
  });

  it('finds the current pair if the data keys are renamed at the same time', async () => {
    const secret = { akKey: 'user', skKey: 'password' };
    const api = createSecretsApi(rawSecret());
    await reconcileOnce(api, known({ keyPairs: [{ ...raised, rotation, secret }] }));
    const [found] = api.all();
    expect(plain(found, 'previous-ak', 'previous-sk')).toEqual(keyPair());
    expect(Object.keys(found?.data ?? {}).sort()).toEqual(['password', 'previous-ak', 'previous-sk', 'user']);
  });

  it('happens once', async () => {
    const api = createSecretsApi(rawSecret());
    const { accessKey } = await settle(api, known({ keyPairs: [{ ...raised, rotation }] }));
    expect(api.writes()).toEqual(['patch ann-main']);
    expect(accessKey.status.keyPairs).toMatchObject([
      { state: 'Rotating', revision: 2, previous: { accessKey: keyPair().ak, validUntil: at(3600) } },
    ]);
  });

  it('happens once even if the status was not written', async () => {
    const subject = known({ keyPairs: [{ ...raised, rotation }] });
    const api = createSecretsApi(rawSecret());
    await reconcileOnce(api, subject);
    const before = api.all();
    expect(changes(await reconcileOnce(api, subject))).toEqual(['none']);
    expect(api.all()).toEqual(before);
  });
});

describe('the end of an overlap', () => {
  it('removes only the previous pair and its annotation from the Secret', async () => {
    const subject = known({ keyPairs: [{ name: 'main', rotation }] });
    const parts = { of: subject, previous: keyPair(9), data: { note: 'kept' } };
    const api = createSecretsApi(rawSecret({ ...parts, facts: { previousValidUntil: now } }));
    expect(changes(await reconcileOnce(api, subject))).toEqual(['updated']);
    const [found] = api.all();
    expect(plain(found)).toEqual(keyPair());
    expect(Object.keys(found?.data ?? {}).sort()).toEqual(['ak', 'note', 'sk']);
    expect(found?.metadata.annotations).not.toHaveProperty('ghippo.io/previous-valid-until');
  });
});

describe('an overlap that is removed and added again', () => {
  it('stays ended, even if the API server rejected the removal of the previous pair', async () => {
    const pair = { name: 'main', rotation: { overlap: '24h' } };
    const previous = { accessKey: keyPair(9).ak, validUntil: at(3600) };
    const subject = known({ keyPairs: [pair] }, { state: 'Rotating', previous });
    const facts = { previousValidUntil: now + 3_600_000 };
    const api = createSecretsApi(rawSecret({ of: subject, previous: keyPair(9), facts }));
    api.reject('patch ann-main', rejected(403, 'Forbidden'));
    const without = { ...subject, spec: { ...subject.spec, keyPairs: [{ name: 'main' }] } };
    const { status } = withStatus(without, await reconcileOnce(api, without));
    expect(status.keyPairs).toMatchObject([{ state: 'Active', accessKey: keyPair().ak }]);
    api.allow('patch ann-main');
    const { accessKey: after } = await settle(api, { ...subject, status });
    expect(after.status.keyPairs?.[0]).not.toHaveProperty('previous');
    expect(api.get('ann-main')?.data).not.toHaveProperty('previous-ak');
  });
});

describe('a pair without a revision in the spec', () => {
  const subject = known(
    { keyPairs: [{ name: 'main', rotation: { interval: '1h', overlap: '10m' } }] },
    { revision: 5, createdAt: at(-7200) },
  );
  it.each([
    [
      'is rotated by interval',
      rawSecret({ of: subject, facts: { revision: 5, generatedAt: now - 7_200_000 } }),
      'rotated',
    ],
    ['is regenerated', rawSecret({ of: subject, data: { sk: 'x' } }), 'regenerated'],
    ['is created again', undefined, 'lost'],
  ])('keeps the recorded revision when it %s', async (_, found, change) => {
    const api = createSecretsApi(...(found ? [found] : []));
    const outcome = await reconcileOnce(api, subject);
    expect(outcome.pairs[0]?.change).toBe(change);
    expect(withStatus(subject, outcome).status.keyPairs?.[0]?.revision).toBe(5);
    expect(api.get('ann-main')?.metadata.annotations['ghippo.io/revision']).toBe('5');
  });
});
