import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { answerList, answerText } from '../../../../src/http/common/cacheable.ts';
import type { Environment } from '../../../../src/http/common/environment.ts';
import { type RunningServer, serve } from '../../../../src/http/server/server.ts';
import { record, storeOf } from '../../deployments/support.ts';
import { createPlatform, deploymentsPath } from '../support.ts';

const kibibyte = 1024;
const codings = ['identity', 'gzip'];

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let server: RunningServer | undefined;
afterEach(() => server?.close(0));

/** Parts that gzip cannot make much smaller, and how many of them were read. */
function createParts(count: number) {
  const parts = Array.from({ length: count }, () =>
    Buffer.from(crypto.getRandomValues(new Uint8Array(12 * kibibyte))).toString('base64'),
  );
  const reads = { parts: 0, ended: 0 };
  const iterable: Iterable<string> = {
    *[Symbol.iterator]() {
      try {
        for (const part of parts) {
          reads.parts += 1;
          yield part;
        }
      } finally {
        reads.ended += 1;
      }
    },
  };
  return { iterable, reads, text: parts.join('') };
}

const answering = (parts: Iterable<string>) =>
  new Hono<Environment>().get('/', (context) =>
    answerText(context, parts, { type: 'text/plain', cacheControl: 'no-cache' }),
  );

/** @returns the first bytes of the body, and the reader of the rest */
async function startReading(answer: Response): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  // The first piece of a compressed text is the header of gzip.
  for (let length = 0; length < kibibyte; ) length += (await reader.read()).value?.length ?? kibibyte;
  return reader;
}

describe.each(codings)('a long text with %s', (coding) => {
  const headers = { 'accept-encoding': coding };

  it('is encoded only as far as the client has read it', async () => {
    const { iterable, reads } = createParts(100);
    const answer = await answering(iterable).request('/', { headers });
    // The entity tag needs them once.
    const { parts, ended } = reads;
    expect(parts).toBeLessThan(200);
    const reader = await startReading(answer);
    expect(reads.parts - parts).toBeLessThan(10);
    await reader.cancel();
    expect(reads.ended - ended).toBe(1);
  });

  it('is complete, with the tag of the other coding', async () => {
    const { iterable, text } = createParts(20);
    const answer = await answering(iterable).request('/', { headers });
    const body = Buffer.from(await answer.arrayBuffer());
    expect((coding === 'gzip' ? gunzipSync(body) : body).toString() === text).toBe(true);
    const tagOfShort = await answering([text]).request('/');
    expect(answer.headers.get('ETag')).toBe(tagOfShort.headers.get('ETag'));
    expect(answer.headers.get('Content-Length')).toBe(coding === 'gzip' ? null : String(text.length));
  });

  it('is not encoded for HEAD and 304', async () => {
    const { iterable, reads } = createParts(100);
    const app = answering(iterable);
    const head = await app.request('/', { method: 'HEAD', headers });
    expect([head.status, head.headers.get('Content-Encoding')]).toEqual([200, coding === 'gzip' ? 'gzip' : null]);
    expect(await head.text()).toBe('');
    const tag = head.headers.get('ETag') ?? '';
    expect((await app.request('/', { headers: { ...headers, 'if-none-match': tag } })).status).toBe(304);
    // Two tags.
    expect(reads.parts).toBeLessThan(300);
  });

  it('is released when the client disconnects', async () => {
    const { iterable, reads } = createParts(1_000);
    server = await serve(answering(iterable), { address: '127.0.0.1', port: 0 });
    const socket = connect(server.port, '127.0.0.1');
    socket.write(`GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: ${coding}\r\n\r\n`);
    await once(socket, 'data');
    socket.pause();
    const { ended } = reads;
    socket.destroy();
    await expect.poll(() => reads.ended).toBe(ended + 1);
    expect(reads.parts).toBeLessThan(2_000);
  });

  it('needs little memory while it waits for its client, if it is a page of large Deployments', async () => {
    const large = (name: number) =>
      record(`shop/d${name}`, { metadata: { annotations: { a: `${name}`.padEnd(15_500, 'x') } } });
    const deployments = storeOf(Array.from({ length: 500 }, (_, name) => large(name)));
    const { app, token } = await createPlatform({ cluster: { deployments } });
    const authorization = `Bearer ${await token()}`;
    const start = async () => {
      const answer = await app.request(
        `${deploymentsPath}?pageSize=500`,
        { headers: { ...headers, authorization } },
        { incoming: { socket: {} } },
      );
      return startReading(answer);
    };
    const waiting = [await start()];
    const used = async () => {
      for (let round = 0; round < 3; round += 1) {
        // Memory outside the heap is released in a later turn.
        await nextTurn();
        collectGarbage();
      }
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const before = await used();
    while (waiting.length <= 20) waiting.push(await start());
    // The page has 7.6 MiB.
    expect(((await used()) - before) / 20).toBeLessThan(256 * kibibyte);
    await Promise.all(waiting.map((reader) => reader.cancel()));
  });
});

describe('a list', () => {
  const pagination = { page: 1, pageSize: 500, total: 500 };

  /** An app with a list of these numbers, and how many items were created. */
  function createList(sources: readonly number[]) {
    const created = { items: 0 };
    const toItem = (one: number) => {
      created.items += 1;
      return { id: one, text: 'ä'.repeat(3_000) };
    };
    const app = new Hono<Environment>().get('/', (context) =>
      answerList(context, { sources, toItem, pagination }, 'no-cache'),
    );
    return { app, created, expected: { items: sources.map(toItem), pagination } };
  }

  it.each([0, 1, 3, 100])('of %i items is complete', async (length) => {
    const { app, expected } = createList(Array.from({ length }, (_, index) => index));
    const answer = await app.request('/');
    expect(await answer.json()).toEqual(expected);
    expect(answer.headers.get('Content-Type')).toBe('application/json');
  });

  it('has only the items that the client has read', async () => {
    const { app, created } = createList(Array.from({ length: 500 }, (_, index) => index));
    const answer = await app.request('/');
    created.items = 0;
    const reader = await startReading(answer);
    expect(created.items).toBeLessThan(20);
    await reader.cancel();
  });
});

it.each([
  ['characters of several bytes', ['aé界😀'.repeat(9_000), '界'.repeat(50_000), '😀'.repeat(70_000)]],
  ['empty parts', ['', 'x'.repeat(70_000), '', 'y', '']],
])('does not change a long text with %s', async (_, parts) => {
  const text = parts.join('');
  const answer = await answering(parts).request('/');
  expect(answer.headers.get('Content-Length')).toBe(String(Buffer.byteLength(text)));
  expect((await answer.text()) === text).toBe(true);
});
