import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { HttpBindings } from '@hono/node-server';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { createHealthApp } from '../../../../src/http/server/health.ts';
import type { ScrapeOptions } from '../../../../src/http/server/scrapes.ts';
import { type RunningServer, serve } from '../../../../src/http/server/server.ts';

const log = pino({ level: 'silent' });
const contentType = 'text/plain; version=0.0.4; charset=utf-8';
const pieceSize = 64 * 1024;
const mebibyte = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A health app whose expositions are numbered and take some time of its own clock. */
function createClocked({ takesMs = 0, failing = [] as number[] } = {}) {
  let time = 0;
  const calls: number[] = [];
  const pauses: { ms: number; end: () => void }[] = [];
  const exposition = async () => {
    const number = calls.push(time);
    time += takesMs;
    if (failing.includes(number)) throw new Error(`exposition ${number}`);
    return `number ${number}\n`;
  };
  const pause = async (ms: number) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (ms > 0) pauses.push({ ms, end: resolve });
    else resolve();
    await promise;
    time += ms;
  };
  const app = createHealthApp({
    unready: () => [],
    log,
    metrics: { contentType, exposition },
    scrapes: { now: () => time, pause },
  });
  const scrape = async () => {
    const answer = await app.request('/metrics');
    return [answer.status, await answer.text()];
  };
  return {
    calls,
    pauses,
    scrape,
    scrapes: (count: number) => Promise.all(Array.from({ length: count }, scrape)),
    pass: (ms: number) => {
      time += ms;
    },
  };
}

const all = <T>(count: number, value: T) => Array<T>(count).fill(value);

describe('scrapes', () => {
  it('that are concurrent share an exposition, and a later one has its own', async () => {
    const { calls, scrapes, scrape } = createClocked();
    expect(await scrapes(20)).toEqual(all(20, [200, 'number 1\n']));
    expect(calls).toHaveLength(1);
    expect(await scrape()).toEqual([200, 'number 2\n']);
  });

  it('that are concurrent share an error, and a later one does not', async () => {
    const { calls, scrapes, scrape } = createClocked({ failing: [1] });
    expect(await scrapes(20)).toEqual(all(20, [500, 'internal error\n']));
    expect(calls).toHaveLength(1);
    expect(await scrape()).toEqual([200, 'number 2\n']);
  });

  it('do not wait if they are rare', async () => {
    const { calls, pauses, scrape, pass } = createClocked({ takesMs: 200 });
    for (let round = 0; round < 20; round += 1) {
      await scrape();
      pass(800);
    }
    expect([calls.length, pauses]).toEqual([20, []]);
  });

  it('wait and share an exposition if expositions take more than a fifth of the time', async () => {
    const { calls, pauses, scrape, scrapes } = createClocked({ takesMs: 200 });
    await scrape();
    await scrape();
    const waiting = scrapes(20);
    await expect.poll(() => pauses).toMatchObject([{ ms: 600 }]);
    const late = scrape();
    await nextTurn();
    pauses[0]?.end();
    expect(await waiting).toEqual(all(20, [200, 'number 3\n']));
    expect(await late).toEqual([200, 'number 3\n']);
    const next = scrape();
    await expect.poll(() => pauses).toMatchObject([{ ms: 600 }, { ms: 800 }]);
    pauses[1]?.end();
    expect(await next).toEqual([200, 'number 4\n']);
    expect(calls).toEqual([0, 200, 1_000, 2_000]);
  });

  it.each([1_000, 100_000])('wait at most five seconds after an exposition of %i ms', async (takesMs) => {
    const { pauses, scrape } = createClocked({ takesMs });
    for (let round = 0; round < 10; round += 1) {
      const answered = scrape();
      await nextTurn();
      pauses.at(-1)?.end();
      await answered;
    }
    expect(Math.max(0, ...pauses.map(({ ms }) => ms))).toBeLessThanOrEqual(5_000);
  });
});

let server: RunningServer | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close(0);
});

/** Serves expositions of 8 MiB, more than the kernel buffers for a connection, without pauses. The gate delays them. */
async function serveLarge(scrapes: ScrapeOptions = {}, gate: Promise<void> = Promise.resolve()) {
  let count = 0;
  const exposition = async () => {
    count += 1;
    const letter = String.fromCharCode(96 + count);
    await gate;
    return letter.repeat(8 * mebibyte);
  };
  const metrics = { contentType, exposition };
  const app = createHealthApp({ unready: () => [], log, metrics, scrapes: { now: () => 0, ...scrapes } });
  const responses: ServerResponse[] = [];
  const fetch = (request: Request, bindings: HttpBindings) => {
    responses.push(bindings.outgoing);
    return app.fetch(request, bindings);
  };
  server = await serve({ fetch }, { address: '127.0.0.1', port: 0 });
  return responses;
}

/** Requests the metrics on a connection that does not read the response. */
async function scrapeWithoutReading(method = 'GET'): Promise<Socket> {
  const socket = connect(server?.port ?? 0, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.pause();
  socket.write(`${method} /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  return socket;
}

async function memoryUsed(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    // Memory outside the heap is released in a later turn.
    await nextTurn();
    collectGarbage();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const bodyOf = (received: Buffer) => received.subarray(received.indexOf('\r\n\r\n') + 4);

describe('a large exposition', () => {
  it('is not buffered for a client that does not read, and complete for one that continues', async () => {
    const responses = await serveLarge();
    const socket = await scrapeWithoutReading();
    await expect.poll(() => responses[0]?.writableLength).toBeGreaterThan(0);
    expect(responses[0]?.writableLength).toBeLessThan(3 * pieceSize);
    const received = await buffer(socket);
    expect(received.toString('latin1', 0, 1_000)).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[\s\S]*^content-type: text\/plain; version=0\.0\.4; charset=utf-8\r\n/im,
    );
    expect(bodyOf(received).equals(Buffer.alloc(8 * mebibyte, 'a'))).toBe(true);
  });

  it('has its length, but no body, for HEAD', async () => {
    await serveLarge();
    const text = String(await buffer(await scrapeWithoutReading('HEAD')));
    expect(text).toMatch(/^content-length: 8388608$[\s\S]*\r\n\r\n$/im);
  });

  it('is kept once for many clients that do not read', async () => {
    const gate = Promise.withResolvers<void>();
    const responses = await serveLarge({}, gate.promise);
    const before = await memoryUsed();
    for (let client = 0; client < 20; client += 1) await scrapeWithoutReading();
    await expect.poll(() => responses.length).toBe(20);
    gate.resolve();
    const buffered = () => responses.map(({ writableLength }) => writableLength);
    await expect.poll(() => Math.min(...buffered())).toBeGreaterThan(0);
    expect(Math.max(...buffered())).toBeLessThan(3 * pieceSize);
    // They are pieces of the same text.
    expect((await memoryUsed()) - before).toBeLessThan(4 * 8 * mebibyte);
  });

  it('is released when the connections that receive it are closed', async () => {
    const responses = await serveLarge({ maxBytes: 20 * mebibyte });
    const first = await scrapeWithoutReading();
    await expect.poll(() => responses[0]?.writableLength).toBeGreaterThan(0);
    for (let count = 2; count <= 4; count += 1) {
      const socket = await scrapeWithoutReading();
      await expect.poll(() => responses[count - 1]?.writableLength).toBeGreaterThan(0);
      socket.destroy();
      await expect.poll(() => responses[count - 1]?.destroyed).toBe(true);
    }
    expect(bodyOf(await buffer(first))).toHaveLength(8 * mebibyte);
  });

  it('is not kept for slow clients while newer ones are sent beyond the limit', async () => {
    const responses = await serveLarge({ maxBytes: 20 * mebibyte });
    const clients: Socket[] = [];
    for (let count = 1; count <= 3; count += 1) {
      clients.push(await scrapeWithoutReading());
      await expect.poll(() => responses[count - 1]?.writableLength).toBeGreaterThan(0);
    }
    await expect.poll(() => responses.map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
    const [, second, third] = await Promise.all(clients.map((one) => buffer(one).catch(() => Buffer.alloc(0))));
    expect([second, third].map((received) => received && bodyOf(received).length)).toEqual(all(2, 8 * mebibyte));
  });

  it('that is larger than the limit is sent', async () => {
    await serveLarge({ maxBytes: mebibyte });
    expect(bodyOf(await buffer(await scrapeWithoutReading()))).toHaveLength(8 * mebibyte);
  });
});
