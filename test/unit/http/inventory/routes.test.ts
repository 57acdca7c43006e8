import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { createInventory } from '../../../../src/inventory/inventory.ts';
import type { InventoryRow } from '../../../../src/inventory/schema.ts';
import { accessKey, caches, known, now } from '../../../support/builders.ts';
import { allowing, createPlatform } from '../support.ts';

const path = '/apis/ghippo.io/v1alpha1/keypairs';
const ann = accessKey({ groups: ['dev'] });
const content = caches({
  accessKeys: [known({ groups: ['dev'] }), accessKey({ namespace: 'team', name: 'bob', user: '=bob' })],
});

let token: string;
beforeAll(async () => {
  token = await (await createPlatform({ of: ann })).token();
});

async function ask(query = '', headers: Record<string, string> = {}, ...allowed: string[]) {
  const inventory = createInventory(content, allowing(...(allowed.length > 0 ? allowed : ['*'])));
  const { get } = await createPlatform({ of: ann, inventory });
  return get(path + query, { authorization: `Bearer ${token}`, ...headers });
}

interface Page {
  items: InventoryRow[];
  pagination: object;
}

describe('/keypairs as JSON', () => {
  it.each([
    ['', ['main', 'main'], { page: 1, pageSize: 10, total: 2 }],
    ['?page=2&pageSize=1', ['main'], { page: 2, pageSize: 1, total: 2 }],
    ['?page=0&pageSize=0&namespace=', ['main', 'main'], { page: 1, pageSize: 10, total: 2 }],
    ['?search=BOB', ['main'], { page: 1, pageSize: 10, total: 1 }],
    ['?page=9', [], { page: 9, pageSize: 10, total: 2 }],
  ])('pages and filters: %s', async (query, names, pagination) => {
    const answer = await ask(query);
    expect(answer.status).toBe(200);
    const page = answer.json<Page>();
    expect(page.items.map(({ keyPair }) => keyPair)).toEqual(names);
    expect(page.pagination).toEqual(pagination);
  });

  it('has an entity tag and varies with the requested format', async () => {
    const answer = await ask();
    expect(answer.headers.get('Vary')).toBe('Accept-Encoding, Accept');
    const tag = answer.headers.get('ETag') ?? '';
    expect((await ask('', { 'if-none-match': tag })).status).toBe(304);
  });
});

describe('/keypairs as CSV', () => {
  it.each([
    ['?format=csv', {}],
    ['?format=csv&page=0&pageSize=0', {}],
    ['', { accept: 'text/csv' }],
  ])('is a file with all key pairs: %s %j', async (query, headers) => {
    const answer = await ask(query, headers);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Content-Type')).toBe('text/csv; charset=utf-8; header=present');
    expect(answer.headers.get('Content-Disposition')).toBe('attachment; filename="key-pairs.csv"');
    expect(answer.headers.get('Cache-Control')).toBe('private, no-cache');
    const lines = answer.text.split('\r\n');
    expect(lines.map((line) => line.split(',').slice(0, 5).join())).toEqual([
      'namespace,accessKey,keyPair,user,groups',
      'shop,ann,main,ann,dev',
      "team,bob,main,'=bob,",
      '',
    ]);
  });

  it('has an entity tag that follows the content', async () => {
    const tag = (await ask('?format=csv')).headers.get('ETag') ?? '';
    const again = await ask('?format=csv', { 'if-none-match': tag });
    expect([again.status, again.text]).toEqual([304, '']);
    const other = await ask('?format=csv&search=bob', { 'if-none-match': tag });
    expect([other.status, other.headers.get('ETag') === tag]).toEqual([200, false]);
  });

  it('has the same entity tag in a compressed response', async () => {
    const inventory = createInventory(content, allowing('*'));
    const { app } = await createPlatform({ of: ann, inventory });
    const headers = { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' };
    const answer = await app.request(`${path}?format=csv`, { headers }, { incoming: { socket: {} } });
    const plain = await ask('?format=csv');
    expect(answer.headers.get('Content-Encoding')).toBe('gzip');
    expect(answer.headers.get('ETag')).toBe(plain.headers.get('ETag'));
    expect(gunzipSync(await answer.arrayBuffer()).toString()).toBe(plain.text);
  });

  it('has headers but no body for HEAD', async () => {
    const { get } = await createPlatform({ of: ann, inventory: createInventory(content, allowing('*')) });
    const answer = await get(`${path}?format=csv`, { authorization: `Bearer ${token}` }, 'HEAD');
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(answer.headers.get('ETag')).toMatch(/^W\//);
  });

  it('contains 50,000 key pairs', async () => {
    const record = known();
    const entries = Array(50_000).fill({ accessKey: record, pair: { name: 'main' } });
    const inventory = { visibleTo: async () => ({ find: () => entries }), isOfferedTo: async () => true };
    const { get } = await createPlatform({ of: ann, inventory, now: () => now });
    const answer = await get(`${path}?format=csv`, { authorization: `Bearer ${token}` });
    expect(answer.text.match(/\r\n/g)).toHaveLength(50_001);
  });
});

describe('/keypairs', () => {
  it.each([
    ['format', 'xml', 'must be one of json, csv'],
    ['page', '1001', 'must be a whole number from 0 to 1000'],
    ['pageSize', '501', 'must be a whole number from 0 to 500'],
    ['pageSize', '5&format=csv', 'not possible with CSV, which contains all key pairs'],
    ['namespace', 'a&namespace=b', 'must be given only once'],
    ['user', 'ann', 'unknown parameter'],
  ])('rejects %s=%s', async (field, value, description) => {
    const answer = await ask(`?${field}=${value}`);
    expect(answer.status).toBe(400);
    expect(answer.json().details[0]?.fieldViolations).toEqual([{ field, description }]);
  });

  it('shows only namespaces whose AccessKeys the user may list', async () => {
    const { items } = (await ask('', {}, 'team')).json<Page>();
    expect(items).toMatchObject([{ namespace: 'team', user: '=bob', groups: [], state: 'Pending' }]);
  });

  it.each(['', '?format=csv', '?namespace=shop'])('is forbidden without permission: %s', async (query) => {
    const answer = await ask(query, {}, 'elsewhere');
    expect(answer.status).toBe(403);
    expect(answer.json()).toMatchObject({
      code: 7,
      message: expect.stringMatching(
        /^user ann may not list accesskeys.ghippo.io in (any namespace|the namespace shop)$/,
      ),
    });
  });

  it('requires a token', async () => {
    const { get } = await createPlatform();
    expect((await get(path)).status).toBe(401);
  });
});
