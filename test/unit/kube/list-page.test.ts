import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { ResponseTooLongError } from '../../../src/kube/errors.ts';
import { nextPageSize, readPage } from '../../../src/kube/list-page.ts';
import { list } from '../../../src/kube/list-watch.ts';
import type { Transport } from '../../../src/kube/transport.ts';
import { pacedTransport } from '../../../src/kube/transport-wrappers.ts';

const mebibyte = Buffer.alloc(1024 * 1024, 'x');
const mebibytes = (count: number) => Array.from({ length: count }, () => mebibyte);
const target = { path: '/api/v1/secrets' };
const { signal } = new AbortController();

/** An API server with objects of these sizes, MiB, and the `limit` of each request. */
function serving(sizes: readonly number[]) {
  const limits: number[] = [];
  const transport: Transport = {
    server: 'https://127.0.0.1',
    close: async () => undefined,
    async send({ path }) {
      const query = new URL(path, 'https://127.0.0.1').searchParams;
      const [start, limit] = [Number(query.get('continue') ?? 0), Number(query.get('limit'))];
      const end = start + limit;
      limits.push(limit);
      return { body: pageOf(sizes, start, end) } as unknown as Dispatcher.ResponseData;
    },
  };
  return { transport, limits };
}

function pageOf(sizes: readonly number[], start: number, end: number): Buffer[] {
  const metadata = { resourceVersion: '9', ...(end < sizes.length && { continue: String(end) }) };
  const items = sizes
    .slice(start, end)
    .flatMap((size, index) => [
      Buffer.from(`${index > 0 ? ',' : ''}{"metadata":{"name":"o${start + index}","resourceVersion":"5"},"text":"`),
      ...mebibytes(size),
      Buffer.from('"}'),
    ]);
  return [Buffer.from(`{"metadata":${JSON.stringify(metadata)},"items":[`), ...items, Buffer.from(']}')];
}

/** Objects that anyone who may edit one namespace can create: etcd stores 1.5 MiB, and JSON takes up to six times as much. */
describe('a list with large objects', () => {
  const namesOf = (items: { metadata: { name: string } }[]) => items.map(({ metadata }) => metadata.name);

  it.each([
    ['the own cluster', (transport: Transport) => transport],
    ['a registered cluster', (transport: Transport) => pacedTransport(transport)],
  ])('of %s is requested in smaller pages, which grow again after them', async (_, wrap) => {
    const sizes = [9, 9, 9, ...Array.from({ length: 10 }, () => 0)];
    const { transport, limits } = serving(sizes);
    const { items } = await list(wrap(transport), target, signal);
    expect(namesOf(items)).toEqual(sizes.map((_, index) => `o${index}`));
    expect(limits).toEqual([200, 100, 50, 25, 13, 7, 4, 2, 1, 1, 1, 1, 2, 4, 8]);
  });

  it('is rejected at once if it is longer than maxBytes', async () => {
    const { transport, limits } = serving([9, 9]);
    const tooLong = list(transport, { ...target, maxBytes: mebibyte.length }, signal);
    await expect(tooLong).rejects.toBeInstanceOf(ResponseTooLongError);
    expect(limits).toEqual([200]);
  });
});

describe('readPage', () => {
  const read = (size: number, pageSize: number, bytesLeft = Number.POSITIVE_INFINITY) =>
    readPage(pieces(size), { pageSize, bytesLeft });
  async function* pieces(count: number) {
    yield* mebibytes(count);
  }

  it('returns undefined for more than 16 MiB of several objects', async () => {
    expect(await read(16, 2)).toHaveLength(16 * mebibyte.length);
    expect(await read(17, 2)).toBeUndefined();
  });

  it('rejects more than 32 MiB of one object', async () => {
    expect(await read(32, 1)).toHaveLength(32 * mebibyte.length);
    await expect(read(33, 1)).rejects.toBeInstanceOf(ResponseTooLongError);
  });

  it('rejects more than the list may still have', async () => {
    await expect(read(2, 200, mebibyte.length)).rejects.toBeInstanceOf(ResponseTooLongError);
    await expect(read(2, 1, mebibyte.length)).rejects.toBeInstanceOf(ResponseTooLongError);
  });
});

describe('nextPageSize', () => {
  it.each([
    ['halves after a page that was too long', 200, undefined, 100],
    ['rounds up', 25, undefined, 13],
    ['keeps after a page of at least 4 MiB', 25, 4 * 1024 * 1024, 25],
    ['doubles after a shorter page', 25, 4 * 1024 * 1024 - 1, 50],
    ['is 200 at most', 150, 0, 200],
  ])('%s', (_, pageSize, length, expected) => {
    expect(nextPageSize(pageSize, length)).toBe(expected);
  });
});
