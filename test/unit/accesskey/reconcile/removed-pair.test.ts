/** A pair that is removed: its keys stop, its Secret goes, and no other pair has them. */
import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import { accessKey, at, keyPair, known, now, pairStatus, rawSecret } from '../../../support/builders.ts';
import { changes, pass, plain, planOf, settle, type Told, withStatus } from './passes.ts';
import { createSecretsApi, noAnswer, refused } from './secrets-api.ts';

const main = { name: 'main' };
const ciStatus = pairStatus({ name: 'ci', accessKey: keyPair(2).ak });
const both = accessKey({ keyPairs: [main, { name: 'ci' }] });
const ci = (labels?: Record<string, string>) =>
  rawSecret({ of: both, pair: 'ci', keys: keyPair(2), ...(labels && { labels }) });
/** The pair ci was removed; the status still knows it. */
const without = (status: object = {}): AccessKeyRecord => known({ keyPairs: [main], ...status }, {}, ciStatus);

describe('the plan', () => {
  it('has the removed pairs that the status knows, but for those whose Secret is seen', () => {
    const api = createSecretsApi(rawSecret(), ci());
    expect(planOf(without(), api.watched(both))).toMatchObject({ remove: [{ name: 'ann-ci' }], retired: [] });
    expect(planOf(without(), [])).toMatchObject({ remove: [], retired: [ciStatus] });
    expect(planOf(known(), [])).toMatchObject({ retired: [] });
  });
});

describe('the Secret of a removed pair', () => {
  it('that has lost its labels goes too, and is told', async () => {
    const api = createSecretsApi(rawSecret(), ci({}));
    const outcome = await pass(api, without());
    expect(api.all().map(({ metadata }) => metadata.name)).toEqual(['ann-main']);
    expect(outcome.removed).toEqual(['ann-ci']);
    expect(withStatus(without(), outcome).status.keyPairs).toMatchObject([{ name: 'main' }]);
  });

  it.each([
    ['is somebody else’s by now', rawSecret({ of: accessKey({ name: 'bob' }), name: 'ann-ci' })],
    ['is marked for deletion', rawSecret({ of: both, pair: 'ci', labels: {}, deletionTimestamp: at(-5) })],
  ])('is left alone when it %s', async (_, found) => {
    const api = createSecretsApi(rawSecret(), found);
    await pass(api, without());
    expect(api.writes()).toEqual([]);
  });

  it('is left alone when it has become another pair’s', async () => {
    const subject = without({ keyPairs: [{ name: 'main', secret: { name: 'ann-ci' } }] });
    const api = createSecretsApi(rawSecret({ of: subject, name: 'ann-ci' }));
    await pass(api, subject);
    expect(plain(api.get('ann-ci'))).toEqual(keyPair());
    expect(api.writes()).toEqual([]);
  });

  it('that was gone already is not told as removed', async () => {
    const outcome = await pass(createSecretsApi(rawSecret()), without());
    expect([outcome.removed, outcome.notRemoved]).toEqual([[], []]);
  });

  it('is told though the pass breaks off after it', async () => {
    const subject = accessKey({ keyPairs: [] });
    const api = createSecretsApi(rawSecret(), ci());
    api.refuse('delete ann-ci', noAnswer);
    const told: Told = { told: [], removed: [] };
    await expect(pass(api, subject, now, told)).rejects.toBe(noAnswer);
    expect(told.removed).toEqual(['ann-main']);
  });
});

describe.each([
  ['with its labels', undefined],
  ['without labels', {}],
])('a Secret that the API server does not let go, %s', (_, labels) => {
  const stuck = () => {
    const api = createSecretsApi(rawSecret(), ci(labels));
    api.refuse('delete ann-ci', refused(403, 'Forbidden'));
    return api;
  };

  it('keeps its pair in the status, Disabled, until it is gone', async () => {
    const api = stuck();
    const during = withStatus(without(), await pass(api, without()));
    expect(during.status.keyPairs).toMatchObject([
      { name: 'main', state: 'Active' },
      { name: 'ci', state: 'Disabled', accessKey: keyPair(2).ak, secretName: 'ann-ci' },
    ]);
    expect(during.status.conditions?.[0]).toMatchObject({ status: 'False', reason: 'SecretFailed' });
    api.allow('delete ann-ci');
    const { accessKey: after } = await settle(api, during);
    expect(after.status.keyPairs).toMatchObject([{ name: 'main' }]);
    expect(after.status.keyPairs).toHaveLength(1);
    expect(api.get('ann-ci')).toBeUndefined();
  });

  it('is inherited by no pair that wants its name', async () => {
    const api = stuck();
    const during = withStatus(without(), await pass(api, without()));
    const spec = { ...during.spec, keyPairs: [main, { name: 'next', secret: { name: 'ann-ci' } }] };
    const next = { ...during, spec };
    const blocked = withStatus(next, await pass(api, next));
    expect(JSON.stringify(blocked.status.keyPairs?.find(({ name }) => name === 'next'))).not.toContain(keyPair(2).ak);
    api.allow('delete ann-ci');
    await settle(api, blocked);
    expect(plain(api.get('ann-ci')).ak).toMatch(/^[0-9a-f-]{36}$/);
    expect(plain(api.get('ann-ci')).ak).not.toBe(keyPair(2).ak);
  });
});

describe('a pair that is removed and added again', () => {
  it.each([
    ['a lower revision', 1, 3],
    ['a higher one', 4, 3],
  ])('with %s than the known one gets new keys', async (_, revision, before) => {
    const subject = known({ keyPairs: [{ name: 'main', revision }] }, { revision: before });
    const api = createSecretsApi(rawSecret({ of: subject, facts: { revision: before } }));
    const outcome = await pass(api, subject);
    expect(outcome.pairs).toMatchObject([{ change: 'rotated', cause: 'revision' }]);
    const { accessKey: after } = await settle(api, withStatus(subject, outcome));
    expect(after.status.keyPairs).toMatchObject([{ revision }]);
    expect(plain(api.get('ann-main')).ak).not.toBe(keyPair().ak);
    expect(api.writes()).toEqual(['patch ann-main']);
  });
});

describe('an unlabelled Secret of a removed pair at a wanted name', () => {
  it('is removed, told, and replaced', async () => {
    const subject = known({ keyPairs: [{ name: 'next', secret: { name: 'ann-main' } }] });
    const api = createSecretsApi(rawSecret({ labels: {} }));
    const outcome = await pass(api, subject);
    expect(changes(outcome)).toEqual(['created']);
    expect(outcome.removed).toEqual(['ann-main']);
  });

  it('is waited for while a finalizer holds it, without another attempt', async () => {
    const subject = known({ keyPairs: [{ name: 'next', secret: { name: 'ann-main' } }] });
    const api = createSecretsApi(rawSecret({ labels: {}, deletionTimestamp: at(-5) }));
    const outcome = await pass(api, subject);
    expect(changes(outcome)).toEqual(['SecretTerminating']);
    expect([api.writes(), outcome.removed]).toEqual([[], []]);
  });
});
