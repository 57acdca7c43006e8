import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { createKubernetesClient, type KubernetesClient } from '../../../src/kube/client.ts';
import { ConnectionError, KubernetesError, NotLeaderError } from '../../../src/kube/errors.ts';
import type { Transport, TransportRequest } from '../../../src/kube/transport.ts';

const secretsOfShop = { apiVersion: 'v1', plural: 'secrets', namespace: 'shop' };
const secret = { ...secretsOfShop, name: 'ann' };
const accessKey = { apiVersion: 'ghippo.io/v1alpha1', plural: 'accesskeys', namespace: 'shop', name: 'ann' };
const object = { metadata: { name: 'ann', resourceVersion: '7' }, unknownField: { a: [1] } };
const body = { metadata: { name: 'ann' }, unknownField: null };
const json = { accept: 'application/json', 'content-type': 'application/json' };

/** A client whose requests get these chunks as the body of the response, or fail with this error. */
function createClient(response: (string | Buffer)[] | Error = [JSON.stringify(object)]) {
  const requests: TransportRequest[] = [];
  const transport: Transport = {
    server: 'https://10.0.0.1',
    async send(request) {
      requests.push(request);
      if (response instanceof Error) throw response;
      return { body: response.map((chunk) => Buffer.from(chunk)) } as unknown as Dispatcher.ResponseData;
    },
    close: async () => undefined,
  };
  return { client: createKubernetesClient(transport), requests };
}

describe('a Kubernetes client', () => {
  it.each<[string, (client: KubernetesClient) => Promise<unknown>, Partial<TransportRequest>]>([
    [
      'get',
      (client) => client.get(secret),
      { method: 'GET', path: '/api/v1/namespaces/shop/secrets/ann', headers: { accept: 'application/json' } },
    ],
    [
      'create',
      (client) => client.create(secretsOfShop, body),
      { method: 'POST', path: '/api/v1/namespaces/shop/secrets', headers: json, body: JSON.stringify(body) },
    ],
    [
      'create in the whole cluster',
      (client) => client.create({ apiVersion: 'authentication.k8s.io/v1', plural: 'tokenreviews' }, body),
      {
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        headers: json,
        body: JSON.stringify(body),
      },
    ],
    [
      'replace',
      (client) => client.replace(accessKey, body),
      {
        method: 'PUT',
        path: '/apis/ghippo.io/v1alpha1/namespaces/shop/accesskeys/ann',
        headers: json,
        body: JSON.stringify(body),
      },
    ],
    [
      'patch of a subresource, as a merge patch',
      (client) => client.patch({ ...accessKey, subresource: 'status' }, body),
      {
        method: 'PATCH',
        path: '/apis/ghippo.io/v1alpha1/namespaces/shop/accesskeys/ann/status',
        headers: { ...json, 'content-type': 'application/merge-patch+json' },
        body: JSON.stringify(body),
      },
    ],
    [
      'patch with a field manager',
      (client) => client.patch(accessKey, body, { fieldManager: 'a&b' }),
      {
        method: 'PATCH',
        path: '/apis/ghippo.io/v1alpha1/namespaces/shop/accesskeys/ann?fieldManager=a%26b',
        headers: { ...json, 'content-type': 'application/merge-patch+json' },
        body: JSON.stringify(body),
      },
    ],
    [
      'a dry run',
      (client) => client.patch(accessKey, body, { fieldManager: 'a', dryRun: true }),
      {
        method: 'PATCH',
        path: '/apis/ghippo.io/v1alpha1/namespaces/shop/accesskeys/ann?fieldManager=a&dryRun=All',
        headers: { ...json, 'content-type': 'application/merge-patch+json' },
        body: JSON.stringify(body),
      },
    ],
    [
      'create with a time limit',
      (client) => client.create(secretsOfShop, body, { timeoutMs: 40_000 }),
      {
        method: 'POST',
        path: '/api/v1/namespaces/shop/secrets',
        headers: json,
        body: JSON.stringify(body),
        timeoutMs: 40_000,
      },
    ],
    [
      'a dry run of a delete',
      (client) => client.delete(secret, { uid: 'u1', resourceVersion: '7' }, { dryRun: true }),
      {
        method: 'DELETE',
        path: '/api/v1/namespaces/shop/secrets/ann?dryRun=All',
        headers: json,
        body: '{"preconditions":{"uid":"u1","resourceVersion":"7"},"dryRun":["All"]}',
      },
    ],
    [
      'delete with preconditions',
      (client) => client.delete(secret, { uid: 'u1', resourceVersion: '7' }),
      {
        method: 'DELETE',
        path: '/api/v1/namespaces/shop/secrets/ann',
        headers: json,
        body: '{"preconditions":{"uid":"u1","resourceVersion":"7"}}',
      },
    ],
  ])('sends a %s', async (_, call, request) => {
    const { client, requests } = createClient();
    await call(client);
    expect(requests).toEqual([request]);
  });

  it('lists with selectors', async () => {
    const { client, requests } = createClient([
      JSON.stringify({ metadata: { resourceVersion: '9' }, items: [object] }),
    ]);
    expect(await client.list(secretsOfShop, { labelSelector: 'a=b', fieldSelector: 'type=c' })).toEqual([object]);
    expect(requests).toMatchObject([
      { method: 'GET', path: '/api/v1/namespaces/shop/secrets?limit=200&labelSelector=a%3Db&fieldSelector=type%3Dc' },
    ]);
  });

  it('lists names without objects', async () => {
    const table = { columnDefinitions: [{ format: 'name' }], rows: [{ cells: ['ann'] }] };
    const { client, requests } = createClient([JSON.stringify({ metadata: { resourceVersion: '9' }, ...table })]);
    expect(await client.names(secretsOfShop, { fieldSelector: 'type=c' })).toEqual(['ann']);
    expect(requests).toMatchObject([
      {
        path: '/api/v1/namespaces/shop/secrets?limit=200&includeObject=None&fieldSelector=type%3Dc',
        headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' },
      },
    ]);
    await expect(createClient(['{}']).client.names(secretsOfShop, {})).rejects.toBeInstanceOf(ConnectionError);
  });

  it('returns unknown fields unchanged', async () => {
    expect(await createClient().client.get(secret)).toEqual(object);
  });

  it('escapes names in the path', async () => {
    const { client, requests } = createClient();
    await client.get({ ...secret, namespace: 'a/b', name: 'c?d' });
    expect(requests).toMatchObject([{ path: '/api/v1/namespaces/a%2Fb/secrets/c%3Fd' }]);
  });

  it('passes the signal on to every request', async () => {
    const { client, requests } = createClient();
    const { signal } = new AbortController();
    await client.get(secret, { signal });
    await client.create(secret, body, { signal });
    expect(requests.map((request) => request.signal)).toEqual([signal, signal]);
  });

  it.each([
    new KubernetesError('conflict', { status: 409, reason: 'Conflict' }),
    new ConnectionError('refused'),
    new NotLeaderError('not the leader'),
  ])('passes errors of the transport through: %s', async (error) => {
    await expect(createClient(error).client.get(secret)).rejects.toBe(error);
  });

  it.each([
    ['empty', ['']],
    ['not JSON', ['<html>hush']],
    ['truncated JSON', ['{"data":"hush']],
    ['null', ['null']],
    ['an array', ['["hush"]']],
    ['a string', ['"hush"']],
    ['longer than 16 MiB', Array.from({ length: 17 }, () => Buffer.alloc(1024 * 1024, ' '))],
  ])('rejects a response that is %s, without repeating it', async (_, response) => {
    const error = await createClient(response)
      .client.get(secret)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ cause: { name: expect.stringMatching(/^(InvalidResponse|ResponseTooLong)Error$/) } });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hush');
    expect(String((error as Error).cause)).not.toContain('hush');
  });

  it('rejects a response without an items list instead of returning no objects', async () => {
    await expect(createClient(['{}']).client.list(secret, { labelSelector: 'a=b' })).rejects.toBeInstanceOf(
      ConnectionError,
    );
  });
});
