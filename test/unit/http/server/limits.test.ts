import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Hono } from 'hono';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { limitBody, maxBodySize } from '../../../../src/http/common/body-limit.ts';
import type { Environment } from '../../../../src/http/common/environment.ts';
import { answerError } from '../../../../src/http/common/error-response.ts';
import { type RunningServer, type ServeOptions, serve } from '../../../../src/http/server/server.ts';
import { createPlatform, tokenPaths } from '../support.ts';

const loopback = { address: '127.0.0.1', port: 0 };
const [tokenPath] = tokenPaths;
let server: RunningServer;
afterEach(() => server?.close(0));

/** Says how many bytes have come; /slow never answers. */
function createCountingApp() {
  const app = new Hono<Environment>();
  app.onError(answerError);
  const reached = Promise.withResolvers<void>();
  app.use(limitBody());
  app.get('/slow', () => {
    reached.resolve();
    return new Promise<Response>(() => {});
  });
  app.post('/', async (context) => context.text(`got ${(await context.req.arrayBuffer()).byteLength}`));
  app.on(['GET', 'POST'], '/:name', (context) => context.text(`answer ${context.req.param('name')}\n`));
  return { app, reached: reached.promise };
}

/** Serves an app, and opens a connection over which a test sends bytes as they are. */
async function connectTo(app: Parameters<typeof serve>[0], options: Partial<ServeOptions> = {}) {
  server = await serve(app, { ...loopback, ...options });
  return open();
}

async function open() {
  const socket = connect(server.port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  return {
    socket,
    send: (bytes: string) => void socket.write(bytes),
    text: () => text,
    ended: () => closed.then(() => text),
  };
}

const chunk = (size: number) => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;
const post = (path: string, header: string) => `POST ${path} HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\n`;
const length = (bytes: number) => `Content-Length: ${bytes}`;
const chunked = 'Transfer-Encoding: chunked';
const tooLarge = { code: 3, message: 'the body is larger than 65536 bytes', details: [] };
const last = (text: string) => text.split('\r\n\r\n').at(-1) ?? '';

describe('the body of a request', () => {
  it.each([
    ['as long as it may be', post('/', length(maxBodySize)) + 'x'.repeat(maxBodySize), maxBodySize],
    ['in chunks', `${post('/', chunked)}${chunk(5)}${chunk(maxBodySize - 5)}0\r\n\r\n`, maxBodySize],
    ['of no bytes', post('/', length(0)), 0],
  ])('%s is read', async (_, bytes, size) => {
    const connection = await connectTo(createCountingApp().app);
    connection.send(bytes);
    await expect.poll(connection.text).toMatch(new RegExp(`^HTTP/1.1 200 .*got ${size}$`, 's'));
  });

  it.each([
    // Not even sent: the announcement is enough.
    ['announced', post('/', length(maxBodySize + 1))],
    // Without its end: it is refused while it comes.
    ['in chunks', `${post('/', chunked)}${chunk(maxBodySize)}${chunk(1)}`],
  ])('too large, %s, is refused before it has come', async (_, bytes) => {
    const connection = await connectTo(createCountingApp().app);
    connection.send(bytes);
    await expect.poll(connection.text).toMatch(/^HTTP\/1\.1 413 [\s\S]*\}$/);
    expect(connection.text()).toMatch(/^content-type: application\/json/im);
    expect(connection.text()).toMatch(/^cache-control: no-store$/im);
    expect(JSON.parse(last(connection.text()))).toEqual(tooLarge);
  });

  it('too large does not end the connection, when its rest comes soon', async () => {
    const connection = await connectTo(createCountingApp().app);
    connection.send(`${post('/', chunked)}${chunk(maxBodySize)}${chunk(1)}`);
    await expect.poll(connection.text).toMatch(/^HTTP\/1\.1 413 [\s\S]*\}$/);
    connection.send(`${chunk(1)}0\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(await connection.ended()).toMatch(/answer next\n$/);
  });

  it('far too large, in chunks, is refused with an answer that the client gets', async () => {
    await connectTo(createCountingApp().app);
    const body = new Blob([Buffer.alloc(2 ** 20)]).stream();
    const answer = await fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST', body, duplex: 'half' });
    expect([answer.status, await answer.json()]).toEqual([413, tooLarge]);
  });

  it.each([1, 20])('far too large (%i MiB) is refused with an answer that the client gets', async (mebibytes) => {
    await connectTo(createCountingApp().app);
    const body = Buffer.alloc(mebibytes * 2 ** 20);
    const answer = await fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST', body });
    expect([answer.status, await answer.json()]).toEqual([413, tooLarge]);
  });

  it.each([tokenPath, '/nothing-here'])('is bounded on every route of the platform: %s', async (path) => {
    const { app, logged } = await createPlatform();
    const connection = await connectTo(app);
    connection.send(post(path, length(maxBodySize + 1)));
    await expect.poll(connection.text).toMatch(/^HTTP\/1\.1 413 /);
    expect(logged()).toMatchObject([{ method: 'POST', status: 413 }]);
  });

  const cutOff = (socket: Socket) => void socket.destroy();
  const isLate = () => undefined;

  it.each([
    ['in chunks, that is cut off', chunked, chunk(5), cutOff],
    ['of a known length, that is cut off', length(10), '12345', cutOff],
    ['in chunks, that does not come in time', chunked, chunk(5), isLate],
    ['of a known length, that does not come in time', length(10), '12345', isLate],
  ])('%s, is no error of ours', async (_, header, bytes, go) => {
    const { app, logged } = await createPlatform();
    const connection = await connectTo(app, { timeouts: { request: 100 } });
    connection.send(post(tokenPath, header) + bytes);
    // By the time that another is answered the server has read what came before.
    await fetch(`http://127.0.0.1:${server.port}/`);
    go(connection.socket);
    await expect.poll(logged).toMatchObject([{ method: 'GET' }, { method: 'POST', status: 400 }]);
    expect(logged()[1]).not.toHaveProperty('error');
  });
});

describe('a slow client', () => {
  it.each([
    ['sends nothing', ''],
    ['sends half a head', 'GET / HTTP/1.1\r\nHost: a\r\n'],
    ['sends half a body', `${post('/', length(10))}12345`],
  ])('that %s is answered 408', async (_, bytes) => {
    const connection = await connectTo(createCountingApp().app, { timeouts: { request: 50 } });
    connection.send(bytes);
    expect(await connection.ended()).toMatch(/^HTTP\/1\.1 408 [\s\S]*"the request timed out"/);
  });

  it('that is silent too long is disconnected', async () => {
    const connection = await connectTo(createCountingApp().app, { timeouts: { inactivity: 50 } });
    connection.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await connection.ended()).toBe('');
  });

  it('that keeps its connection is told for how long', async () => {
    const connection = await connectTo(createCountingApp().app);
    connection.send('GET /one HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect.poll(connection.text).toMatch(/^keep-alive: timeout=65$/im);
  });

  it('that sends no further request is disconnected', async () => {
    const connection = await connectTo(createCountingApp().app, { timeouts: { keepAlive: 50 } });
    connection.send('GET /one HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await connection.ended()).toMatch(/^connection: keep-alive$[\s\S]*answer one\n$/im);
  });
});

describe('a connection', () => {
  it('may be sent several requests at once, which are answered in their order', async () => {
    const connection = await connectTo(createCountingApp().app);
    const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
    connection.send(
      [get('/one'), post('/two', length(3)), 'abc', get('/three'), get('/four', 'Connection: close\r\n')].join(''),
    );
    const text = await connection.ended();
    expect([...text.matchAll(/^answer (\w+)$/gm)].map(([, name]) => name)).toEqual(['one', 'two', 'three', 'four']);
  });

  it('that ends while its request is answered does no harm, and nothing is written past the log', async () => {
    const written = [vi.spyOn(console, 'info'), vi.spyOn(console, 'error'), vi.spyOn(process.stderr, 'write')];
    const answer = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const app = new Hono();
    app.get('/', async (context) => {
      context.req.raw.signal.addEventListener('abort', () => ended.resolve());
      reached.resolve();
      await answer.promise;
      return context.json({ late: true });
    });
    app.get('/next', (context) => context.text('ok'));
    const connection = await connectTo(app);
    connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await reached.promise;
    connection.socket.resetAndDestroy();
    await ended.promise;
    answer.resolve();
    expect(await (await fetch(`http://127.0.0.1:${server.port}/next`)).text()).toBe('ok');
    for (const spy of written) expect(spy).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it('beyond the greatest number is closed, and taken again when another has ended', async () => {
    const first = await connectTo(createCountingApp().app, { maxConnections: 1 });
    first.send('GET /one HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect.poll(first.text).toContain('answer one');
    const second = await open();
    expect(await second.ended()).toBe('');
    first.socket.end();
    await first.ended();
    const answers = async () => {
      const third = await open();
      third.send('GET /three HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      return third.ended();
    };
    await expect.poll(answers).toContain('answer three');
  });
});
