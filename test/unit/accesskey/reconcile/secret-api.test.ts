import { describe, expect, it, vi } from 'vitest';
import { createSecretApi } from '../../../../src/accesskey/reconcile/secret-api.ts';
import { StaleCacheError } from '../../../../src/accesskey/reconcile/secret-errors.ts';
import { KubernetesError } from '../../../../src/kube/errors.ts';
import { accessKey, keyPair, rawSecret, secret } from '../../../support/builders.ts';
import { createSecretsApi, rejected } from './secrets-api.ts';

const one = accessKey({ generation: 3 });

function withApi(...content: Parameters<typeof createSecretsApi>) {
  const fake = createSecretsApi(...content);
  return { fake, api: createSecretApi(fake.client) };
}

describe('read', () => {
  it('returns undefined for a Secret that does not exist, and throws other errors', async () => {
    const { fake, api } = withApi();
    await expect(api.read('shop', 'ann-main')).resolves.toBeUndefined();
    const error = rejected(403, 'Forbidden');
    fake.reject('read ann-main', error);
    await expect(api.read('shop', 'ann-main')).rejects.toBe(error);
  });
});

describe('readUnchanged', () => {
  it('returns the Secret if it matches the record', async () => {
    const { api } = withApi(rawSecret());
    await expect(api.readUnchanged(secret())).resolves.toEqual({ raw: rawSecret(), record: secret() });
  });

  it.each([
    ['has changed', [rawSecret({ resourceVersion: '21' })]],
    ['was replaced', [rawSecret({ uid: 'successor' })]],
    ['does not exist', []],
  ])('throws if it %s', async (_, content) => {
    await expect(withApi(...content).api.readUnchanged(secret())).rejects.toBeInstanceOf(StaleCacheError);
  });
});

describe('remove', () => {
  it('returns whether the Secret existed, throws if it has changed, and throws other errors', async () => {
    await expect(withApi().api.remove(secret())).resolves.toBe(false);
    await expect(withApi(rawSecret()).api.remove(secret())).resolves.toBe(true);
    const changed = withApi(rawSecret({ resourceVersion: '21' }));
    await expect(changed.api.remove(secret())).rejects.toBeInstanceOf(StaleCacheError);
    const error = rejected(403, 'Forbidden');
    changed.fake.reject('delete ann-main', error);
    await expect(changed.api.remove(secret())).rejects.toBe(error);
  });
});

describe('confirm', () => {
  it.each([
    ['unchanged', {}, true],
    ['unchanged except for the status', { resourceVersion: '99' }, true],
    ['of another generation', { generation: 4 }, false],
    ['a new one of the same name', { uid: 'successor' }, false],
    ['being deleted', { deleting: true }, false],
  ])('checks an AccessKey that is %s', async (_, change, isConfirmed) => {
    const { fake, api } = withApi();
    fake.know({ ...one, ...change });
    const answer = await api.confirm(one).then(
      () => true,
      (error: unknown) => !(error instanceof StaleCacheError),
    );
    expect(answer).toBe(isConfirmed);
  });

  it('throws if it does not exist', async () => {
    await expect(withApi().api.confirm(one)).rejects.toBeInstanceOf(StaleCacheError);
  });
});

describe('a write that a webhook denies', () => {
  const denial = (status: number) => new KubernetesError('denied', { status, denied: true });

  it.each([404, 409])('throws the denial with status %d, which says nothing about the Secret', async (status) => {
    const { fake, api } = withApi(rawSecret());
    for (const call of ['create x', 'patch ann-main', 'delete ann-main']) fake.reject(call, denial(status));
    const metadata = { labels: {}, annotations: {} };
    const created = api.create({ accessKey: one, name: 'x', metadata, data: {} });
    for (const write of [created, api.patch(secret(), { metadata }), api.remove(secret())]) {
      await expect(write).rejects.toMatchObject({ name: 'KubernetesError', status, denied: true });
    }
  });

  it('has time for a webhook that takes 30 seconds', async () => {
    const { fake, api } = withApi(rawSecret());
    const metadata = { labels: {}, annotations: {} };
    const limits: unknown[] = [];
    for (const method of ['create', 'patch', 'delete'] as const) {
      const original = fake.client[method] as (...args: unknown[]) => Promise<unknown>;
      vi.spyOn(fake.client, method).mockImplementation(((...args: unknown[]) => {
        limits.push(args.at(-1));
        return original(...args);
      }) as never);
    }
    await api.create({ accessKey: one, name: 'x', metadata, data: {} });
    const { record } = await api.patch(secret(), { metadata: { labels: { a: 'b' }, annotations: {} } });
    await api.remove(record);
    expect(limits).toEqual([{ timeoutMs: 40_000 }, { timeoutMs: 40_000 }, { timeoutMs: 40_000 }]);
  });
});

describe('a write that admission changes', () => {
  it('returns the fields that are not stored as they were sent', async () => {
    const { fake, api } = withApi(rawSecret());
    fake.admit((raw) => ({ ...raw, type: 'Opaque', metadata: { ...raw.metadata, labels: { a: 'other' } } }));
    const metadata = { labels: { a: 'x', b: 'y' }, annotations: {} };
    const made = await api.create({ accessKey: one, name: 'x', metadata, data: {} });
    expect(made.reverted).toEqual(['metadata.labels[a]', 'metadata.labels[b]', 'type']);
    const patched = await api.patch(secret(), { metadata });
    expect(patched.reverted).toEqual(['metadata.labels[a]', 'metadata.labels[b]']);
  });
});

describe('create', () => {
  it('returns the record, without the sk', async () => {
    const { api } = withApi();
    const made = await api.create({
      accessKey: one,
      name: 'x',
      metadata: { labels: {}, annotations: {} },
      data: { ...keyPair() },
    });
    expect(made).toMatchObject({ record: { name: 'x', ownerUID: one.uid, pair: { ak: keyPair().ak } }, reverted: [] });
    expect(JSON.stringify(made)).not.toContain(keyPair().sk);
  });
});
