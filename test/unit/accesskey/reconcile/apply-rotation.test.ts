import { describe, expect, it } from 'vitest';
import { digestOf, isKey } from '../../../../src/credential/key-pair.ts';
import { at, keyPair, known, now, rawSecret } from '../../../support/builders.ts';
import { changes, pass, plain, settle } from './passes.ts';
import { createSecretsApi } from './secrets-api.ts';

const rotation = { overlap: '1h' };
const raised = { name: 'main', revision: 2 };

describe('a rotation', () => {
  it('makes both keys new in the same Secret, and says why', async () => {
    const api = createSecretsApi(rawSecret({ data: { note: 'kept' } }));
    const outcome = await pass(api, known({ keyPairs: [raised] }));
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

  it('notes for which revision and when', async () => {
    const api = createSecretsApi(rawSecret());
    await pass(api, known({ keyPairs: [raised] }), now + 1999);
    expect(api.all()[0]?.metadata.annotations).toMatchObject({
      'ghippo.io/revision': '2',
      'ghippo.io/generated-at': at(1),
    });
  });

  it('with an overlap puts the former pair beside the new one, in the same patch', async () => {
    const api = createSecretsApi(rawSecret());
    await pass(api, known({ keyPairs: [{ ...raised, rotation }] }));
    const [found] = api.all();
    expect(api.writes()).toEqual(['patch ann-main']);
    expect(plain(found, 'previous-ak', 'previous-sk')).toEqual(keyPair());
    expect(plain(found).ak).not.toBe(keyPair().ak);
    expect(found?.metadata.annotations).toMatchObject({ 'ghippo.io/previous-valid-until': at(3600) });
  });

  it('without one lets it go at once', async () => {
    const api = createSecretsApi(rawSecret());
    await pass(api, known({ keyPairs: [raised] }));
    expect(Object.values(api.all()[0]?.data ?? {})).not.toContain(Buffer.from(keyPair().ak).toString('base64'));
    expect(api.all()[0]?.metadata.annotations).not.toHaveProperty('ghippo.io/previous-valid-until');
  });

  it('during an overlap keeps one previous pair, the last', async () => {
    const subject = known({ keyPairs: [{ ...raised, rotation }] });
    const facts = { previousValidUntil: now + 60_000 };
    const api = createSecretsApi(rawSecret({ of: subject, previous: keyPair(9), facts }));
    await pass(api, subject);
    expect(plain(api.all()[0], 'previous-ak', 'previous-sk')).toEqual(keyPair());
  });

  it('finds the former pair where it was, when the data keys are renamed with it', async () => {
    const secret = { akKey: 'user', skKey: 'password' };
    const api = createSecretsApi(rawSecret());
    await pass(api, known({ keyPairs: [{ ...raised, rotation, secret }] }));
    const [found] = api.all();
    expect(plain(found, 'previous-ak', 'previous-sk')).toEqual(keyPair());
    expect(Object.keys(found?.data ?? {}).sort()).toEqual(['password', 'previous-ak', 'previous-sk', 'user']);
  });

  it('is done once', async () => {
    const api = createSecretsApi(rawSecret());
    const { accessKey } = await settle(api, known({ keyPairs: [{ ...raised, rotation }] }));
    expect(api.writes()).toEqual(['patch ann-main']);
    expect(accessKey.status.keyPairs).toMatchObject([
      { state: 'Rotating', revision: 2, previous: { accessKey: keyPair().ak, validUntil: at(3600) } },
    ]);
  });

  it('is done once though the status was not written after it', async () => {
    const subject = known({ keyPairs: [{ ...raised, rotation }] });
    const api = createSecretsApi(rawSecret());
    await pass(api, subject);
    const before = api.all();
    expect(changes(await pass(api, subject))).toEqual(['none']);
    expect(api.all()).toEqual(before);
  });
});

describe('the end of an overlap', () => {
  it('takes the previous pair and its note out of the Secret, and nothing else', async () => {
    const subject = known({ keyPairs: [{ name: 'main', rotation }] });
    const parts = { of: subject, previous: keyPair(9), data: { note: 'kept' } };
    const api = createSecretsApi(rawSecret({ ...parts, facts: { previousValidUntil: now } }));
    expect(changes(await pass(api, subject))).toEqual(['updated']);
    const [found] = api.all();
    expect(plain(found)).toEqual(keyPair());
    expect(Object.keys(found?.data ?? {}).sort()).toEqual(['ak', 'note', 'sk']);
    expect(found?.metadata.annotations).not.toHaveProperty('ghippo.io/previous-valid-until');
  });
});
