import { describe, expect, it } from 'vitest';
import { createSecretApi, StaleCacheError } from '../../../../src/accesskey/reconcile/secret-api.ts';
import { accessKey, keyPair, rawSecret, secret } from '../../../support/builders.ts';
import { createSecretsApi, refused } from './secrets-api.ts';

const one = accessKey({ generation: 3 });

function withApi(...content: Parameters<typeof createSecretsApi>) {
  const fake = createSecretsApi(...content);
  return { fake, api: createSecretApi(fake.client) };
}

describe('read', () => {
  it('gives undefined for a Secret that is not there, and lets other answers through', async () => {
    const { fake, api } = withApi();
    await expect(api.read('shop', 'ann-main')).resolves.toBeUndefined();
    const error = refused(403, 'Forbidden');
    fake.refuse('read ann-main', error);
    await expect(api.read('shop', 'ann-main')).rejects.toBe(error);
  });
});

describe('readUnchanged', () => {
  it('gives the Secret while it is as in the record', async () => {
    const { api } = withApi(rawSecret());
    await expect(api.readUnchanged(secret())).resolves.toEqual({ raw: rawSecret(), record: secret() });
  });

  it.each([
    ['has changed', [rawSecret({ resourceVersion: '21' })]],
    ['is another of that name', [rawSecret({ uid: 'successor' })]],
    ['is gone', []],
  ])('throws when it %s', async (_, content) => {
    await expect(withApi(...content).api.readUnchanged(secret())).rejects.toBeInstanceOf(StaleCacheError);
  });
});

describe('remove', () => {
  it('says whether the Secret was there, is stale when it has changed, and lets other answers through', async () => {
    await expect(withApi().api.remove(secret())).resolves.toBe(false);
    await expect(withApi(rawSecret()).api.remove(secret())).resolves.toBe(true);
    const changed = withApi(rawSecret({ resourceVersion: '21' }));
    await expect(changed.api.remove(secret())).rejects.toBeInstanceOf(StaleCacheError);
    const error = refused(403, 'Forbidden');
    changed.fake.refuse('delete ann-main', error);
    await expect(changed.api.remove(secret())).rejects.toBe(error);
  });
});

describe('confirm', () => {
  it.each([
    ['the same', {}, true],
    ['the same with a newer status', { resourceVersion: '99' }, true],
    ['of another generation', { generation: 4 }, false],
    ['a successor', { uid: 'successor' }, false],
    ['marked for deletion', { deleting: true }, false],
  ])('of an AccessKey that is %s', async (_, change, isConfirmed) => {
    const { fake, api } = withApi();
    fake.know({ ...one, ...change });
    const answer = await api.confirm(one).then(
      () => true,
      (error: unknown) => !(error instanceof StaleCacheError),
    );
    expect(answer).toBe(isConfirmed);
  });

  it('throws when it is gone', async () => {
    await expect(withApi().api.confirm(one)).rejects.toBeInstanceOf(StaleCacheError);
  });
});

describe('what is written', () => {
  it('comes back as a record, without the sk', async () => {
    const { api } = withApi();
    const made = await api.create({
      accessKey: one,
      name: 'x',
      metadata: { labels: {}, annotations: {} },
      data: { ...keyPair() },
    });
    expect(made).toMatchObject({ name: 'x', ownerUID: one.uid, pair: { ak: keyPair().ak } });
    expect(JSON.stringify(made)).not.toContain(keyPair().sk);
  });
});
