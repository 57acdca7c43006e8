import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { createLimitedFetch } from '../../../src/outbound/limited-fetch.ts';

const maxResponseBytes = 64 * 1024;

/** A server with one response, and a client that reads at most 64 KiB of it. */
async function start(body: Buffer, responseHeaders: Record<string, string> = {}) {
  const received: IncomingHttpHeaders[] = [];
  const server = createServer(({ headers }, response) => {
    received.push(headers);
    response.writeHead(200, responseHeaders).end(body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { fetch, close } = createLimitedFetch({ ca: undefined, timeoutMs: 5_000, maxResponseBytes });
  onTestFinished(async () => {
    await close();
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { get: (headers: Headers | Record<string, string> = {}) => fetch(url, { headers }), received };
}

it('returns a response up to the limit', async () => {
  const { get } = await start(Buffer.alloc(maxResponseBytes, 'a'), { 'content-encoding': 'Identity' });
  expect((await (await get()).text()).length).toBe(maxResponseBytes);
});

it('rejects a longer response', async () => {
  const { get } = await start(Buffer.alloc(maxResponseBytes + 1, 'a'));
  await expect(get().then((response) => response.text())).rejects.toMatchObject({
    cause: { code: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' },
  });
});

it.each(['gzip', 'GZIP', 'identity, gzip', 'unknown'])(
  'rejects a response with the Content-Encoding %s',
  async (coding) => {
    const bomb = gzipSync(Buffer.alloc(16 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(maxResponseBytes);
    const { get } = await start(bomb, { 'content-encoding': coding });
    await expect(get().then((response) => response.text())).rejects.toMatchObject({
      cause: { message: 'response has a Content-Encoding' },
    });
  },
);

it('requests a response without an encoding, whatever the caller accepts', async () => {
  const { get, received } = await start(Buffer.from('{}'));
  await get();
  await get(new Headers({ 'Accept-Encoding': 'br' }));
  expect(received.map((headers) => headers['accept-encoding'])).toEqual(['identity', 'identity']);
});
