import { describe, expect, it, vi } from 'vitest';
import { accessKey, keyPair, known, rawSecret } from '../../../support/builders.ts';
import { applyTo, changes, plain, reconcileOnce } from './reconciles.ts';
import { createSecretsApi, noAnswer, rejected } from './secrets-api.ts';

const one = accessKey();
const both = accessKey({ keyPairs: [{ name: 'main' }, { name: 'ci' }] });

describe('the Secrets of new pairs', () => {
  it('are created without reading them first', async () => {
    const api = createSecretsApi();
    await reconcileOnce(api, both);
    expect(api.calls).toEqual(['confirm ann', 'create ann-main', 'create ann-ci']);
  });

  it('are created at the same time', async () => {
    const api = createSecretsApi();
    const created = Promise.withResolvers<object>();
    const create = vi.spyOn(api.client, 'create').mockReturnValue(created.promise);
    const outcome = reconcileOnce(api, both);
    await expect.poll(() => create.mock.calls).toHaveLength(2);
    created.resolve(rawSecret());
    expect(changes(await outcome)).toEqual(['created', 'created']);
  });

  it('are all answered before a failure ends the reconcile, so that a retry never overlaps with it', async () => {
    const api = createSecretsApi();
    const second = Promise.withResolvers<object>();
    const create = vi.spyOn(api.client, 'create').mockRejectedValueOnce(noAnswer).mockReturnValueOnce(second.promise);
    let ended = false;
    const reported = { changed: [], removed: [] };
    const failed = reconcileOnce(api, both, undefined, reported).finally(() => {
      ended = true;
    });
    failed.catch(() => undefined);
    await expect.poll(() => create.mock.calls).toHaveLength(2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    second.resolve(rawSecret());
    await expect(failed).rejects.toBe(noAnswer);
    expect(reported.changed).toMatchObject([{ pair: { name: 'ci' }, change: 'created' }]);
  });

  it('are created one after the other if both pairs want the same name, which the first gets', async () => {
    const secret = { name: 'shared' };
    const subject = accessKey({
      keyPairs: [
        { name: 'main', secret },
        { name: 'ci', secret },
      ],
    });
    const api = createSecretsApi();
    expect(changes(await reconcileOnce(api, subject))).toEqual(['created', 'SecretConflict']);
    expect(api.all().map(({ metadata }) => metadata.labels)).toMatchObject([{ 'ghippo.io/key-pair': 'main' }]);
  });
});

describe('a Secret that exists although neither cache nor status show it', () => {
  it('is read after the create has failed, and keeps its pair', async () => {
    const api = createSecretsApi(rawSecret());
    expect(changes(await applyTo(api, one, []))).toEqual(['none']);
    expect(api.calls).toEqual(['confirm ann', 'collide ann-main', 'read ann-main']);
    expect(plain(api.get('ann-main'))).toEqual(keyPair());
  });

  it.each([403, 422, 500])('is also found if the API server rejects the create with %d', async (status) => {
    const api = createSecretsApi(rawSecret());
    api.reject('collide ann-main', rejected(status, 'Rejected'));
    expect(changes(await applyTo(api, one, []))).toEqual(['none']);
    expect(plain(api.get('ann-main'))).toEqual(keyPair());
  });

  it('is read first if the status has the pair, so that an AccessKey in conflict sends no writes', async () => {
    const subject = known({}, { state: 'Conflict' });
    const foreign = rawSecret({ ownerReferences: [] });
    const api = createSecretsApi(foreign);
    expect(changes(await applyTo(api, subject, []))).toEqual(['SecretConflict']);
    expect(api.calls).toEqual(['confirm ann', 'read ann-main']);
    expect(api.all()).toEqual([foreign]);
  });

  it('does not matter once it is deleted: the reconcile fails and is retried', async () => {
    const api = createSecretsApi(rawSecret());
    vi.spyOn(api.client, 'get').mockImplementation(async (call: { plural: string }) => {
      if (call.plural === 'secrets') throw rejected(404, 'NotFound');
      return { metadata: { uid: one.uid, generation: 1 } };
    });
    await expect(applyTo(api, one, [])).rejects.toMatchObject({ name: 'StaleCacheError' });
  });
});
