import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { InvalidResponseError, ResponseTooLongError } from '../../../src/kube/errors.ts';
import { list, listNames, watch } from '../../../src/kube/list-watch.ts';
import type { WatchEvent } from '../../../src/kube/list-watch-response.ts';
import type { Transport, TransportRequest } from '../../../src/kube/transport.ts';

const target = { path: '/api/v1/secrets', labelSelector: 'a=b' };
const secret = 'c2VjcmV0LXZhbHVl';
const { signal } = new AbortController();
const item = (name: string) => ({ metadata: { name, resourceVersion: '5' } });

const answerOf = (text: string) =>
  ({ statusCode: 200, body: new Blob([text]).stream() }) as unknown as Dispatcher.ResponseData;

/** A transport whose responses have these bodies in turn. */
function answering(...bodies: string[]) {
  const requests: TransportRequest[] = [];
  const transport: Transport = {
    server: 'https://127.0.0.1',
    async send(request) {
      requests.push(request);
      return answerOf(bodies.shift() ?? '');
    },
    close: async () => undefined,
  };
  return { transport, requests };
}

const page = (items: unknown, metadata: object = { resourceVersion: '9' }) => JSON.stringify({ metadata, items });

describe('list', () => {
  it('requests pages of 200 objects until there are no more', async () => {
    const { transport, requests } = answering(
      page([item('a'), item('b')], { resourceVersion: '9', continue: 'x y' }),
      page([item('c')], { resourceVersion: '9' }),
    );
    const { items, resourceVersion } = await list(transport, target, signal);
    expect([items.map(({ metadata }) => metadata.name), resourceVersion]).toEqual([['a', 'b', 'c'], '9']);
    expect(requests.map(({ path }) => path)).toEqual([
      '/api/v1/secrets?limit=200&labelSelector=a%3Db',
      '/api/v1/secrets?limit=200&continue=x+y&labelSelector=a%3Db',
    ]);
  });

  it('requests one object by its name', async () => {
    const { transport, requests } = answering(page([item('a')]));
    await list(transport, { path: '/api/v1/secrets', fieldSelector: 'metadata.name=a' }, signal);
    expect(requests.map(({ path }) => path)).toEqual(['/api/v1/secrets?limit=200&fieldSelector=metadata.name%3Da']);
  });

  it.each([['[]'], ['null']])('accepts items %s as an empty list', async (items) => {
    const { transport } = answering(page(JSON.parse(items)));
    expect(await list(transport, target, signal)).toEqual({ items: [], resourceVersion: '9' });
  });

  it.each([
    ['an empty response', ''],
    ['a web page', `<html>${secret}`],
    ['a truncated list', page([item(secret)]).slice(0, -30)],
    ['null', 'null'],
    ['a string', `"${secret}"`],
    ['an object that is not a list', JSON.stringify(item(secret))],
    ['a list without a resourceVersion', page([], {})],
    ['a list with an empty resourceVersion', page([], { resourceVersion: '' })],
    ['a resourceVersion that is not allowed in a header', page([], { resourceVersion: '9\r\nSet-Cookie: a=b' })],
    ['an overlong resourceVersion', page([], { resourceVersion: '9'.repeat(129) })],
    ['a resourceVersion that is not a string', page([], { resourceVersion: 9 })],
    ['items that are not an array', page({ a: item(secret) })],
    ['an item that is null', page([item('a'), null])],
    ['an item that is a string', page([item('a'), secret])],
    ['an item without metadata', page([item('a'), { data: secret }])],
    ['an item without a name', page([{ metadata: { resourceVersion: '5' }, data: secret }])],
    [
      'a namespace that is not a string',
      page([{ metadata: { name: 'a', namespace: { isEscaped: true }, resourceVersion: '5' } }]),
    ],
    ['a name with a slash', page([item(`${secret}/a`)])],
    ['a namespace with a slash', page([{ metadata: { name: 'a', namespace: 'b/c', resourceVersion: '5' } }])],
    ['an item without a resourceVersion', page([{ metadata: { name: 'a' }, data: secret }])],
  ])('rejects %s without repeating it', async (_, body) => {
    const error = await list(answering(body).transport, target, signal).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidResponseError);
    expect((error as Error).message).toMatch(/^LIST \/api\/v1\/secrets: /);
    for (const piece of [secret, secret.slice(0, 6)]) expect((error as Error).message).not.toContain(piece);
  });

  it('rejects a list that is longer than maxBytes, in one page or in endless pages', async () => {
    const endless = (target: object) =>
      list(
        {
          ...answering().transport,
          send: async () => answerOf(page([item('a')], { resourceVersion: '9', continue: 'x' })),
        },
        { path: '/api/v1/secrets', ...target },
        signal,
      );
    await expect(endless({ maxBytes: 10_000 })).rejects.toBeInstanceOf(ResponseTooLongError);
    await expect(endless({ maxBytes: 10 })).rejects.toBeInstanceOf(ResponseTooLongError);
    const { transport } = answering(page([item('a')], { resourceVersion: '9', continue: 'x' }), page([item('b')]));
    expect((await list(transport, { ...target, maxBytes: 10_000 }, signal)).items).toHaveLength(2);
  });
});

describe('listNames', () => {
  const columnDefinitions = [{ name: 'Data' }, { name: 'Name', format: 'name' }];
  const rowsOf = (...names: unknown[]) => names.map((name) => ({ cells: [7, name], object: null }));
  const table = (rows: unknown, metadata: object = { resourceVersion: '9' }) =>
    JSON.stringify({ kind: 'Table', metadata, columnDefinitions, rows });

  it('requests tables without objects until there are no more', async () => {
    const { transport, requests } = answering(
      table(rowsOf('a', 'b'), { resourceVersion: '9', continue: 'x' }),
      table(rowsOf('c')),
    );
    expect(await listNames(transport, target, signal)).toEqual(['a', 'b', 'c']);
    expect(requests.map(({ path }) => path)).toEqual([
      '/api/v1/secrets?limit=200&includeObject=None&labelSelector=a%3Db',
      '/api/v1/secrets?limit=200&continue=x&includeObject=None&labelSelector=a%3Db',
    ]);
    expect(requests[0]?.headers).toEqual({ accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' });
  });

  it.each([['[]'], ['null']])('accepts rows %s as no names', async (rows) => {
    expect(await listNames(answering(table(JSON.parse(rows))).transport, target, signal)).toEqual([]);
  });

  it.each([
    ['a list of objects', page([item(secret)])],
    ['a table without a resourceVersion', table(rowsOf(secret), {})],
    ['a table without columns', JSON.stringify({ metadata: { resourceVersion: '9' }, rows: rowsOf(secret) })],
    ['rows that are not an array', table({ a: secret })],
    ['a row that is null', table([null, ...rowsOf(secret)])],
    ['a row without cells', table([{ object: secret }])],
    ['a name that is not a string', table(rowsOf({ secret }))],
  ])('rejects %s without repeating it', async (_, body) => {
    const error = await listNames(answering(body).transport, target, signal).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidResponseError);
    expect((error as Error).message).not.toContain(secret.slice(0, 6));
  });
});

describe('watch', () => {
  const events = (...lines: string[]) => eventsOf(lines.map((line) => Buffer.from(`${line}\n`)));

  /** @param pieces the chunks in which the response arrives */
  async function eventsOf(pieces: Buffer[]) {
    const from = { resourceVersion: '9', timeoutSeconds: 300, idleTimeoutMs: 90_000, signal };
    const transport = {
      ...answering().transport,
      send: async () => ({ body: pieces }) as unknown as Dispatcher.ResponseData,
    };
    const seen: WatchEvent[] = [];
    for await (const event of watch(transport, target, from)) seen.push(event);
    return seen;
  }

  it('yields events, including bookmarks', async () => {
    const all = [
      { type: 'ADDED', object: item('a') },
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: '7' } } },
      { type: 'DELETED', object: item('a') },
    ];
    expect(await events(...all.map((one) => JSON.stringify(one)))).toEqual(all);
  });

  it('yields an event that arrives in many small chunks, and the next one', async () => {
    const long = { type: 'ADDED', object: { ...item('a'), text: 'ä'.repeat(1_000_000) } };
    const bytes = Buffer.from(`${JSON.stringify(long)}\n${JSON.stringify({ ...long, type: 'DELETED' })}\n`);
    const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, index) =>
      bytes.subarray(index * 7, index * 7 + 7),
    );
    expect(await eventsOf(pieces)).toEqual([long, { ...long, type: 'DELETED' }]);
  });

  it('rejects an event that is longer than 16 MiB', async () => {
    const pieces = Array.from({ length: 17 }, () => Buffer.alloc(1024 * 1024, 'x'));
    const error = await eventsOf(pieces).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ResponseTooLongError);
  });

  it('calls `opened` before the first event', async () => {
    const calls: string[] = [];
    const from = { resourceVersion: '9', timeoutSeconds: 300, idleTimeoutMs: 90_000, signal };
    const { transport } = answering(`${JSON.stringify({ type: 'ADDED', object: item('a') })}\n`);
    const opened = () => void calls.push('opened');
    for await (const { type } of watch(transport, target, { ...from, opened })) calls.push(type);
    expect(calls).toEqual(['opened', 'ADDED']);
  });

  it.each([
    ['not JSON', `{"type":"ADDED","object":"${secret}`],
    ['null', 'null'],
    ['an unknown type', JSON.stringify({ type: secret, object: item('a') })],
    ['without an object', '{"type":"ADDED"}'],
    ['an object whose name has a slash', JSON.stringify({ type: 'ADDED', object: item(`${secret}/a`) })],
    ['an object without a name', '{"type":"MODIFIED","object":{"metadata":{"resourceVersion":"7"}}}'],
    [
      'a bookmark with a resourceVersion that is not a string',
      '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":{}}}}',
    ],
    ['a bookmark without a resourceVersion', '{"type":"BOOKMARK","object":{"metadata":{}}}'],
  ])('rejects a line that is %s without repeating it', async (_, line) => {
    const error = await events(line).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidResponseError);
    expect((error as Error).message).not.toContain(secret.slice(0, 6));
  });
});
