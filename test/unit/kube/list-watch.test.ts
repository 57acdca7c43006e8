import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { InvalidResponseError, ResponseTooLongError } from '../../../src/kube/errors.ts';
import { list, type WatchEvent, watch } from '../../../src/kube/list-watch.ts';
import type { Transport, TransportRequest } from '../../../src/kube/transport.ts';

const target = { path: '/api/v1/secrets', labelSelector: 'a=b' };
const secret = 'c2VjcmV0LXZhbHVl';
const { signal } = new AbortController();
const item = (name: string) => ({ metadata: { name, resourceVersion: '5' } });

const answerOf = (text: string) =>
  ({ statusCode: 200, body: new Blob([text]).stream() }) as unknown as Dispatcher.ResponseData;

/** A transport that answers 200 with these bodies, one after the other. */
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
  it('asks for pages of 200 until there is no more', async () => {
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

  it('asks for one object by its name', async () => {
    const { transport, requests } = answering(page([item('a')]));
    await list(transport, { path: '/api/v1/secrets', fieldSelector: 'metadata.name=a' }, signal);
    expect(requests.map(({ path }) => path)).toEqual(['/api/v1/secrets?limit=200&fieldSelector=metadata.name%3Da']);
  });

  it.each([['[]'], ['null']])('takes items %s for none', async (items) => {
    const { transport } = answering(page(JSON.parse(items)));
    expect(await list(transport, target, signal)).toEqual({ items: [], resourceVersion: '9' });
  });

  it.each([
    ['nothing', ''],
    ['a web page', `<html>${secret}`],
    ['half of a list', page([item(secret)]).slice(0, -30)],
    ['null', 'null'],
    ['text', `"${secret}"`],
    ['an object that is no list', JSON.stringify(item(secret))],
    ['a list without a resourceVersion', page([], {})],
    ['a list with an empty resourceVersion', page([], { resourceVersion: '' })],
    ['a resourceVersion that cannot be told in a header', page([], { resourceVersion: '9\r\nSet-Cookie: a=b' })],
    ['a resourceVersion without end', page([], { resourceVersion: '9'.repeat(129) })],
    ['a resourceVersion that is no text', page([], { resourceVersion: 9 })],
    ['items that are no list', page({ a: item(secret) })],
    ['an item that is null', page([item('a'), null])],
    ['an item that is text', page([item('a'), secret])],
    ['an item without metadata', page([item('a'), { data: secret }])],
    ['an item without a name', page([{ metadata: { resourceVersion: '5' }, data: secret }])],
    [
      'a namespace that is no text',
      page([{ metadata: { name: 'a', namespace: { isEscaped: true }, resourceVersion: '5' } }]),
    ],
    ['an item without a resourceVersion', page([{ metadata: { name: 'a' }, data: secret }])],
  ])('refuses %s, without a word of it', async (_, body) => {
    const error = await list(answering(body).transport, target, signal).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidResponseError);
    expect((error as Error).message).toMatch(/^LIST \/api\/v1\/secrets: /);
    for (const piece of [secret, secret.slice(0, 6)]) expect((error as Error).message).not.toContain(piece);
  });

  it('ends when there is more than there may be, in one page or in pages without end', async () => {
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

  it('gives the events, bookmarks too', async () => {
    const all = [
      { type: 'ADDED', object: item('a') },
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: '7' } } },
      { type: 'DELETED', object: item('a') },
    ];
    expect(await events(...all.map((one) => JSON.stringify(one)))).toEqual(all);
  });

  it('gives an event that comes in many small pieces, and what follows it', async () => {
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

  it('tells when it is answered, before the first event', async () => {
    const told: string[] = [];
    const from = { resourceVersion: '9', timeoutSeconds: 300, idleTimeoutMs: 90_000, signal };
    const { transport } = answering(`${JSON.stringify({ type: 'ADDED', object: item('a') })}\n`);
    const opened = () => void told.push('opened');
    for await (const { type } of watch(transport, target, { ...from, opened })) told.push(type);
    expect(told).toEqual(['opened', 'ADDED']);
  });

  it.each([
    ['no JSON', `{"type":"ADDED","object":"${secret}`],
    ['null', 'null'],
    ['an unknown type', JSON.stringify({ type: secret, object: item('a') })],
    ['no object', '{"type":"ADDED"}'],
    ['an object without a name', '{"type":"MODIFIED","object":{"metadata":{"resourceVersion":"7"}}}'],
    [
      'a bookmark with a resourceVersion that is no text',
      '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":{}}}}',
    ],
    ['a bookmark without a resourceVersion', '{"type":"BOOKMARK","object":{"metadata":{}}}'],
  ])('refuses a line that is %s, without a word of it', async (_, line) => {
    const error = await events(line).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidResponseError);
    expect((error as Error).message).not.toContain(secret.slice(0, 6));
  });
});
