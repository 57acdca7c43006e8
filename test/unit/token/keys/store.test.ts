import { describe, expect, it } from 'vitest';
import type { KubernetesClient } from '../../../../src/kube/client.ts';
import { KubernetesError } from '../../../../src/kube/errors.ts';
import { secretTypes } from '../../../../src/kube/own-names.ts';
import { createKeySecret, dataKey, replaceKeys, toKeySecretRecord } from '../../../../src/token/keys/store.ts';

const reference = { namespace: 'system', name: 'keys' };
const errorOf = (status: number) => new KubernetesError(`rejected: ${status}`, { status });
const base64 = (text: string) => Buffer.from(text).toString('base64');
const metadata = { ...reference, uid: 'u1', resourceVersion: '7' };

/** A client that records writes, or rejects them with a status. */
function createClient(status?: number) {
  const written: object[] = [];
  const write = (verb: string) => async (object: object, body: object) => {
    if (status !== undefined) throw errorOf(status);
    written.push({ verb, object, body });
  };
  const client = { create: write('create'), patch: write('patch') };
  return { client: client as unknown as KubernetesClient, written };
}

describe('toKeySecretRecord', () => {
  it('reads the key set and the requests in annotations', () => {
    const annotations = { 'ghippo.io/revoke-signing-key': 'k1', 'ghippo.io/rotate-signing-key': 'k2', other: 'x' };
    const record = toKeySecretRecord({ metadata: { ...metadata, annotations }, data: { [dataKey]: base64('{}') } });
    expect(record).toEqual({
      key: 'system/keys',
      ...metadata,
      content: '{}',
      requests: { revoke: ['k1'], rotate: 'k2' },
    });
  });

  it.each([[undefined], [null], [{}], [{ 'tls.key': base64('x') }]])('returns an empty key set for data %j', (data) => {
    const record = toKeySecretRecord({ metadata, data });
    expect([record.content, record.requests]).toEqual(['', { revoke: [] }]);
  });

  it.each([
    ['k1,k2', ['k1', 'k2']],
    [' k1 , k2,\n', ['k1', 'k2']],
    ['k1 k2', ['k1', 'k2']],
    ['', []],
  ])('reads a list of keys to revoke: %j', (text, revoke) => {
    const annotations = { 'ghippo.io/revoke-signing-key': text };
    expect(toKeySecretRecord({ metadata: { ...metadata, annotations } }).requests.revoke).toEqual(revoke);
  });
});

describe('createKeySecret', () => {
  it('creates the Secret', async () => {
    const { client, written } = createClient();
    expect(await createKeySecret(client, reference, 'content')).toBe(true);
    expect(written).toMatchObject([
      {
        verb: 'create',
        object: { apiVersion: 'v1', plural: 'secrets', namespace: 'system' },
        body: { metadata: { name: 'keys' }, type: secretTypes.signingKeys, stringData: { [dataKey]: 'content' } },
      },
    ]);
  });

  it('returns false if the Secret already exists', async () => {
    expect(await createKeySecret(createClient(409).client, reference, 'content')).toBe(false);
  });

  it.each([403, 500])('throws if the Secret cannot be created: %d', async (status) => {
    await expect(createKeySecret(createClient(status).client, reference, 'x')).rejects.toMatchObject({ status });
  });
});

describe('replaceKeys', () => {
  const record = toKeySecretRecord({ metadata, data: {} });

  it('writes only the key set, with uid and resourceVersion as preconditions', async () => {
    const { client, written } = createClient();
    await replaceKeys(client, record, 'content');
    expect(written).toEqual([
      {
        verb: 'patch',
        object: { apiVersion: 'v1', plural: 'secrets', ...reference },
        body: { metadata: { uid: 'u1', resourceVersion: '7' }, data: { [dataKey]: base64('content') } },
      },
    ]);
  });

  it.each([404, 409])('throws if the Secret changed or was deleted: %d', async (status) => {
    await expect(replaceKeys(createClient(status).client, record, 'x')).rejects.toMatchObject({ status });
  });
});
