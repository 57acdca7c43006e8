import { gunzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { beforeAll, describe, expect, it } from 'vitest';
import { acceptsGzip, answerCacheable, hasTag } from '../../../../src/http/common/cacheable.ts';
import type { Environment } from '../../../../src/http/common/environment.ts';
import { accessKey } from '../../../support/builders.ts';
import { ak, createPlatform, deployments, deploymentsPath, keyPaths, sk, tokenPaths } from '../support.ts';

const base = '/apis/ghippo.io/v1alpha1';
const cacheable = [
  [deploymentsPath, 'private, no-cache'],
  [`${deploymentsPath.replace('here/', 'here/namespaces/shop/')}/web`, 'private, no-cache'],
  [`${base}/users`, 'private, no-cache'],
  [`${base}/current-user`, 'private, no-cache'],
  [keyPaths[0], 'public, max-age=300'],
  [keyPaths[1], 'public, max-age=300'],
  ['/.well-known/openid-configuration', 'public, max-age=300'],
] as const;
const token = { issuer: 'https://iam.example.org', defaultCycle: 3, maxCycle: 30 };

let bearer: string;
beforeAll(async () => {
  bearer = `Bearer ${await (await createPlatform({ token })).token()}`;
});

async function platform(change: Parameters<typeof createPlatform>[0] = {}) {
  const { app, logged } = await createPlatform({ token, ...change });
  /** Returns the body as sent, possibly compressed. */
  const ask = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const sent = { method, headers: { authorization: bearer, ...headers } };
    const answer = await app.request(path, sent, { incoming: { socket: {} } });
    return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
  };
  return { ask, logged };
}

describe.each(cacheable)('%s', (path, cacheControl) => {
  it('has the same entity tag for the same content', async () => {
    const { ask } = await platform();
    const [first, second] = [await ask(path), await ask(path)];
    expect(first.status).toBe(200);
    expect(first.headers.get('ETag')).toMatch(/^W\/"[\w-]{43}"$/);
    expect(second.headers.get('ETag')).toBe(first.headers.get('ETag'));
    expect([first.headers.get('Cache-Control'), first.headers.get('Vary')]).toEqual([cacheControl, 'Accept-Encoding']);
  });

  it.each([
    ['the tag', (tag: string) => tag],
    ['the strong form of the tag', (tag: string) => tag.slice(2)],
    ['a list with the tag', (tag: string) => `"a,b", ${tag},W/"c"`],
    ['an asterisk', () => '*'],
  ])('returns 304 for %s in If-None-Match', async (_, header) => {
    const { ask, logged } = await platform();
    const first = await ask(path);
    const tag = first.headers.get('ETag') ?? '';
    const answer = await ask(path, { 'if-none-match': header(tag) });
    expect([answer.status, answer.body.length]).toEqual([304, 0]);
    for (const name of ['ETag', 'Cache-Control', 'Vary']) {
      expect(answer.headers.get(name)).toBe(first.headers.get(name));
    }
    expect(answer.headers.get('Content-Type')).toBeNull();
    expect(logged().map(({ status }) => status)).toEqual([200, 304]);
  });

  it('returns 200 for another tag in If-None-Match', async () => {
    const { ask } = await platform();
    expect((await ask(path, { 'if-none-match': 'W/"x", xyz' })).status).toBe(200);
  });

  it('returns the same for HEAD as for GET, without the body', async () => {
    const { ask } = await platform();
    const [get, head] = [await ask(path), await ask(path, {}, 'HEAD')];
    expect([head.status, head.body.length]).toEqual([200, 0]);
    for (const name of ['ETag', 'Cache-Control', 'Vary', 'Content-Type']) {
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    }
    const tag = get.headers.get('ETag') ?? '';
    expect((await ask(path, { 'if-none-match': tag }, 'HEAD')).status).toBe(304);
  });
});

describe('a listing', () => {
  it('has another tag after a change', async () => {
    const [one, two] = [await platform(), await platform({ cluster: { deployments: deployments('shop/web') } })];
    const tags = [await one.ask(deploymentsPath), await two.ask(deploymentsPath)].map(({ headers }) =>
      headers.get('ETag'),
    );
    expect(new Set(tags).size).toBe(2);
  });

  it('returns 401 to an unauthenticated client with the tag', async () => {
    const { ask } = await platform();
    const tag = (await ask(deploymentsPath)).headers.get('ETag') ?? '';
    const answer = await ask(deploymentsPath, { 'if-none-match': tag, authorization: 'Bearer x' });
    expect([answer.status, answer.headers.get('ETag')]).toEqual([401, null]);
  });

  it('is compressed if accepted, with the same tag', async () => {
    const { ask } = await platform();
    const plain = await ask(deploymentsPath);
    const compressed = await ask(deploymentsPath, { 'accept-encoding': 'br, gzip;q=0.5' });
    expect(compressed.headers.get('Content-Encoding')).toBe('gzip');
    expect(gunzipSync(compressed.body)).toEqual(plain.body);
    expect(compressed.body.length).toBeLessThan(plain.body.length / 2);
    expect(compressed.headers.get('ETag')).toBe(plain.headers.get('ETag'));
  });
});

describe('a response with a secret or an error', () => {
  const headers = { 'accept-encoding': 'gzip' };

  it.each([
    ['a token', `${tokenPaths[0]}?ak=${ak}&sk=${sk}`, 200],
    ['an error', `/apis/x/${'y'.repeat(2_000)}`, 404],
  ])('is not compressed: %s', async (_, path, status) => {
    const groups = Array.from({ length: 16 }, (_, index) => `${index}`.repeat(80));
    const { get } = await createPlatform({ of: accessKey({ groups }) });
    const answer = await get(path, headers);
    if (status === 200) expect(answer.text.length).toBeGreaterThan(1_024);
    expect([answer.status, answer.headers.get('Content-Encoding'), answer.headers.get('ETag')]).toEqual([
      status,
      null,
      null,
    ]);
  });

  it('a small response, and one to a client that does not accept gzip', async () => {
    const app = new Hono<Environment>();
    app.get('/:size', (context) => answerCacheable(context, 'x'.repeat(Number(context.req.param('size'))), 'no-cache'));
    const codingOf = async (size: number, coding?: string) =>
      (await app.request(`/${size}`, { headers: coding ? { 'accept-encoding': coding } : {} })).headers.get(
        'Content-Encoding',
      );
    // The JSON string adds two quotation marks.
    expect(await codingOf(1_021, 'gzip')).toBeNull();
    expect(await codingOf(1_022, 'gzip')).toBe('gzip');
    expect(await codingOf(1_022)).toBeNull();
    expect(await codingOf(1_022, 'gzip;q=0, *')).toBeNull();
  });
});

describe('acceptsGzip', () => {
  it.each([
    ['gzip', true],
    ['GZIP ; Q=0.001', true],
    ['br;q=1.0, *;q=0.1', true],
    ['x-gzip', true],
    ['deflate, br', false],
    ['gzip;q=0', false],
    ['gzip;q=0.000, *', false],
    ['*;q=0', false],
    ['identity', false],
    ['', false],
    ['gzip;q=x', false],
    ['gzipped', false],
  ])('for %j returns %s', (header, accepted) => {
    expect(acceptsGzip(header)).toBe(accepted);
  });

  it('returns false without the header', () => {
    expect(acceptsGzip()).toBe(false);
  });
});

describe('hasTag', () => {
  it.each([
    ['W/"a"', true],
    ['"a"', true],
    ['"b", W/"a"', true],
    [' * ', true],
    ['"b"', false],
    ['a', false],
    ['W/a', false],
    ['"ab"', false],
    ['"a', false],
    ['"*"', false],
    ['', false],
    [undefined, false],
  ])('for %s returns %s', (header, has) => {
    expect(hasTag(header, 'W/"a"')).toBe(has);
  });
});
