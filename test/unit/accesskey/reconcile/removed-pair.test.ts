/** A removed pair: its Secret is deleted, and no other pair gets its keys. */
import { describe, expect, it } from 'vitest';
import { createPairLookup } from '../../../../src/accesskey/live/pair-lookup.ts';
import type { AccessKeyRecord, KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { isPairLive } from '../../../../src/accesskey/model/pair-state.ts';
import { apply } from '../../../../src/accesskey/reconcile/apply.ts';
import { createSecretApi } from '../../../../src/accesskey/reconcile/secret-api.ts';
import { StaleCacheError } from '../../../../src/accesskey/reconcile/secret-errors.ts';
import { accessKey, at, caches, keyPair, known, now, pairStatus, rawSecret } from '../../../support/builders.ts';
import { statusAfter } from './outcomes.ts';
import { applyTo, changes, plain, planOf, type Reported, reconcileOnce, settle, withStatus } from './reconciles.ts';
import { createSecretsApi, noAnswer, rejected } from './secrets-api.ts';

const main = { name: 'main' };
const ciStatus = pairStatus({ name: 'ci', accessKey: keyPair(2).ak });
const both = accessKey({ keyPairs: [main, { name: 'ci' }] });
const ci = (labels?: Record<string, string>) =>
  rawSecret({ of: both, pair: 'ci', keys: keyPair(2), ...(labels && { labels }) });
/** The pair ci was removed; it is still in the status. */
const without = (status: object = {}): AccessKeyRecord => known({ keyPairs: [main], ...status }, {}, ciStatus);

describe('the plan', () => {
  it('contains removed pairs in the status, except those whose Secret is cached', () => {
    const api = createSecretsApi(rawSecret(), ci());
    expect(planOf(without(), api.watched(both))).toMatchObject({ remove: [{ name: 'ann-ci' }], removedPairs: [] });
    expect(planOf(without(), [])).toMatchObject({ remove: [], removedPairs: [ciStatus] });
    expect(planOf(known(), [])).toMatchObject({ removedPairs: [] });
  });
});

describe('the Secret of a removed pair', () => {
  it('is removed and reported even without labels', async () => {
    const api = createSecretsApi(rawSecret(), ci({}));
    const outcome = await reconcileOnce(api, without());
    expect(api.all().map(({ metadata }) => metadata.name)).toEqual(['ann-main']);
    expect(outcome.removed).toEqual(['ann-ci']);
    expect(withStatus(without(), outcome).status.keyPairs).toMatchObject([{ name: 'main' }]);
  });

  it.each([
    ['belongs to another AccessKey now', rawSecret({ of: accessKey({ name: 'bob' }), name: 'ann-ci' })],
    ['is being deleted', rawSecret({ of: both, pair: 'ci', labels: {}, deletionTimestamp: at(-5) })],
  ])('is not removed if it %s', async (_, found) => {
    const api = createSecretsApi(rawSecret(), found);
    await reconcileOnce(api, without());
    expect(api.writes()).toEqual([]);
  });

  it('is not removed if it belongs to another pair now', async () => {
    const subject = without({ keyPairs: [{ name: 'main', secret: { name: 'ann-ci' } }] });
    const api = createSecretsApi(rawSecret({ of: subject, name: 'ann-ci' }));
    await reconcileOnce(api, subject);
    expect(plain(api.get('ann-ci'))).toEqual(keyPair());
    expect(api.writes()).toEqual([]);
  });

  it('is not reported as removed if it was already deleted', async () => {
    const outcome = await reconcileOnce(createSecretsApi(rawSecret()), without());
    expect([outcome.removed, outcome.notRemoved]).toEqual([[], []]);
  });

  it('is reported even if the reconcile fails later', async () => {
    const subject = accessKey({ keyPairs: [] });
    const api = createSecretsApi(rawSecret(), ci());
    api.reject('delete ann-ci', noAnswer);
    const reported: Reported = { changed: [], removed: [] };
    await expect(reconcileOnce(api, subject, now, reported)).rejects.toBe(noAnswer);
    expect(reported.removed).toEqual(['ann-main']);
  });
});

describe.each([
  ['with its labels', undefined],
  ['without labels', {}],
])('a Secret that the API server rejects to delete, %s', (_, labels) => {
  const stuck = () => {
    const api = createSecretsApi(rawSecret(), ci(labels));
    api.reject('delete ann-ci', rejected(403, 'Forbidden'));
    return api;
  };

  it('keeps its pair in the status as Disabled until it is deleted', async () => {
    const api = stuck();
    const during = withStatus(without(), await reconcileOnce(api, without()));
    expect(during.status.keyPairs).toMatchObject([
      { name: 'main', state: 'Active' },
      { name: 'ci', state: 'Disabled', accessKey: keyPair(2).ak, secretName: 'ann-ci', removed: true },
    ]);
    expect(during.status.conditions?.[0]).toMatchObject({ status: 'False', reason: 'SecretFailed' });
    api.allow('delete ann-ci');
    const { accessKey: after } = await settle(api, during);
    expect(after.status.keyPairs).toMatchObject([{ name: 'main' }]);
    expect(after.status.keyPairs).toHaveLength(1);
    expect(api.get('ann-ci')).toBeUndefined();
  });

  it.each<[string, Partial<KeyPairSpec>]>([
    ['', {}],
    [', disabled', { enabled: false }],
    [', with an overlap', { rotation: { overlap: '1h' } }],
    [', with another Secret name', { secret: { name: 'again' } }],
  ])('gets new keys if it is added again%s', async (_, parts) => {
    const api = stuck();
    const during = withStatus(without(), await reconcileOnce(api, without()));
    const again = { ...during, spec: { ...during.spec, keyPairs: [main, { name: 'ci', ...parts }] } };
    const states = (subject: AccessKeyRecord, ak: string) =>
      createPairLookup(caches({ accessKeys: [subject], secrets: api.watched(subject) }))
        .find(ak, now)
        .map(({ state }) => state);
    const state = parts.enabled === false ? 'Disabled' : 'Pending';
    expect(states(again, keyPair(2).ak)).toEqual([state]);
    expect(isPairLive(again, { pairName: 'ci', ak: keyPair(2).ak }, now)).toBe(false);

    api.reject('patch ann-ci', rejected(403, 'Forbidden'));
    const failed = withStatus(again, await reconcileOnce(api, again));
    expect(failed.status.keyPairs?.[1]).toMatchObject({ state, accessKey: keyPair(2).ak, removed: true });

    api.allow('patch ann-ci');
    const outcome = await reconcileOnce(api, failed);
    expect(outcome.changed).toContainEqual(expect.objectContaining({ change: 'rotated', cause: 'removed' }));
    const after = withStatus(failed, outcome);
    const [, { accessKey: ak = '', ...ci } = {}] = after.status.keyPairs ?? [];
    expect(ak).not.toBe(keyPair(2).ak);
    expect(ci).not.toHaveProperty('removed');
    expect(ci).not.toHaveProperty('previous');
    expect(states(after, keyPair(2).ak)).toEqual([]);
    expect(states(after, ak)).toEqual([parts.enabled === false ? 'Disabled' : 'Active']);
  });

  it('does not get new keys twice if the cache does not show the first ones in the status yet', async () => {
    const api = stuck();
    const during = withStatus(without(), await reconcileOnce(api, without()));
    const again = { ...during, spec: both.spec };
    const rotated = withStatus(again, await reconcileOnce(api, again));
    const { ak } = plain(api.get('ann-ci'));
    api.know({ ...rotated, resourceVersion: 'newer' });
    const progress = { changed: () => undefined, removed: () => undefined };
    const scope = { api: createSecretApi(api.client), accessKey: again, progress, mayOwn: () => true, now };
    await expect(apply({ ...scope, plan: planOf(again, api.watched(again)) })).rejects.toThrow(StaleCacheError);
    expect(plain(api.get('ann-ci')).ak).toBe(ak);
  });

  it('marks the pair also if only a former Secret remains', async () => {
    const api = createSecretsApi(rawSecret(), ci(labels));
    api.reject('delete ann-ci', rejected(403, 'Forbidden'));
    const moved = without();
    const [current = pairStatus(), former = ciStatus] = moved.status.keyPairs ?? [];
    // The current Secret had another name, and is gone.
    const keyPairs = [current, { ...former, secretName: 'gone', ...(labels ? {} : { accessKey: keyPair(3).ak }) }];
    const subject = { ...moved, status: { ...moved.status, keyPairs } };
    const { status } = withStatus(subject, await reconcileOnce(api, subject));
    expect(status.keyPairs?.[1]).toMatchObject({ name: 'ci', secretName: 'ann-ci', removed: true });
  });

  it('is not inherited by a pair that wants its name', async () => {
    const api = stuck();
    const during = withStatus(without(), await reconcileOnce(api, without()));
    const spec = { ...during.spec, keyPairs: [main, { name: 'next', secret: { name: 'ann-ci' } }] };
    const next = { ...during, spec };
    const blocked = withStatus(next, await reconcileOnce(api, next));
    expect(JSON.stringify(blocked.status.keyPairs?.find(({ name }) => name === 'next'))).not.toContain(keyPair(2).ak);
    api.allow('delete ann-ci');
    await settle(api, blocked);
    expect(plain(api.get('ann-ci')).ak).toMatch(/^[0-9a-f-]{36}$/);
    expect(plain(api.get('ann-ci')).ak).not.toBe(keyPair(2).ak);
  });
});

describe('a pair that was removed and added again', () => {
  const reconciled = (revision: number, recorded: number) => {
    const subject = known({ keyPairs: [{ name: 'main', revision }] }, { revision: recorded });
    return { subject, api: createSecretsApi(rawSecret({ of: subject, facts: { revision: recorded } })) };
  };

  it('between two reconciles keeps its keys and the recorded revision, if the new one is lower', async () => {
    const { subject, api } = reconciled(1, 3);
    const { accessKey: after } = await settle(api, subject);
    expect(after.status.keyPairs).toMatchObject([{ revision: 3, accessKey: keyPair().ak }]);
    expect(api.writes()).toEqual([]);
  });

  it('while another AccessKey holds the user gets new keys', async () => {
    const inConflict = (subject: AccessKeyRecord): AccessKeyRecord => {
      const outcome = { pairs: [], notRemoved: [] };
      return { ...subject, status: statusAfter({ accessKey: subject, userHolder: 'other/older', outcome, now }) };
    };
    const removed = inConflict(without());
    expect(removed.status.keyPairs).toMatchObject([
      { name: 'main' },
      { ...ciStatus, state: 'Conflict', removed: true },
    ]);
    const again = inConflict({ ...removed, spec: both.spec });
    const api = createSecretsApi(rawSecret(), ci());
    const outcome = await reconcileOnce(api, again);
    expect(outcome.changed).toContainEqual(expect.objectContaining({ change: 'rotated', cause: 'removed' }));
    expect(plain(api.get('ann-ci')).ak).not.toBe(keyPair(2).ak);
  });

  it('gets new keys with a higher revision in the spec than in the status', async () => {
    const revision = 4;
    const { subject, api } = reconciled(revision, 3);
    const outcome = await reconcileOnce(api, subject);
    expect(outcome.pairs).toMatchObject([{ change: 'rotated', cause: 'revision' }]);
    const { accessKey: after } = await settle(api, withStatus(subject, outcome));
    expect(after.status.keyPairs).toMatchObject([{ revision }]);
    expect(plain(api.get('ann-main')).ak).not.toBe(keyPair().ak);
    expect(api.writes()).toEqual(['patch ann-main']);
  });
});

describe('an uncached Secret of a removed pair at a wanted name', () => {
  it('is removed, reported and replaced', async () => {
    const subject = known({ keyPairs: [{ name: 'next', secret: { name: 'ann-main' } }] });
    const api = createSecretsApi(rawSecret({ labels: {} }));
    const outcome = await applyTo(api, subject, []);
    expect(changes(outcome)).toEqual(['created']);
    expect(outcome.removed).toEqual(['ann-main']);
  });

  it('blocks the pair while a finalizer keeps it, without further attempts', async () => {
    const subject = known({ keyPairs: [{ name: 'next', secret: { name: 'ann-main' } }] });
    const api = createSecretsApi(rawSecret({ labels: {}, deletionTimestamp: at(-5) }));
    const outcome = await applyTo(api, subject, []);
    expect(changes(outcome)).toEqual(['SecretTerminating']);
    expect([api.writes(), outcome.removed]).toEqual([[], []]);
  });
});
