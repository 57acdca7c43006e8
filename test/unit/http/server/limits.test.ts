import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { Hono } from 'hono';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { limitBody } from '../../../../src/http/common/body-limit.ts';
import type { Environment } from '../../../../src/http/common/environment.ts';
import { answerError } from '../../../../src/http/common/error-response.ts';
import { maxBodySize } from '../../../../src/http/common/incoming-body.ts';
import { createHealthApp } from '../../../../src/http/server/health.ts';
import { type RunningServer, type ServeOptions, serve } from '../../../../src/http/server/server.ts';
import { createPlatform, tokenPaths } from '../support.ts';

const loopback = { address: '127.0.0.1', port: 0 };
const [tokenPath] = tokenPaths;
let server: RunningServer;
afterEach(() => server?.close(0));

/** Returns the size of the body; /slow never responds. */
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

/** Serves an app and opens a raw connection to it. */
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

describe('a request body', () => {
  it.each([
    ['of the maximum size', post('/', length(maxBodySize)) + 'x'.repeat(maxBodySize), maxBodySize],
    ['in chunks', `${post('/', chunked)}${chunk(5)}${chunk(maxBodySize - 5)}0\r\n\r\n`, maxBodySize],
    ['in the maximum number of chunks', `${post('/', chunked)}${chunk(1).repeat(4_096)}0\r\n\r\n`, 4_096],
    ['that is empty', post('/', length(0)), 0],
  ])('%s is accepted', async (_, bytes, size) => {
    const connection = await connectTo(createCountingApp().app);
    connection.send(bytes);
    await expect.poll(connection.text).toMatch(new RegExp(`^HTTP/1.1 200 .*got ${size}$`, 's'));
  });

  it.each([
    ['with Content-Length', post('/', length(maxBodySize + 1))],
    // Incomplete: it is rejected while it arrives.
    ['in chunks', `${post('/', chunked)}${chunk(maxBodySize)}${chunk(1)}`],
  ])('that is too large, %s, is rejected before it has arrived', async (_, bytes) => {
    const connection = await connectTo(createCountingApp().app);
    connection.send(bytes);
    await expect.poll(connection.text).toMatch(/^HTTP\/1\.1 413 [\s\S]*\}$/);
    expect(connection.text()).toMatch(/^content-type: application\/json/im);
    expect(connection.text()).toMatch(/^cache-control: no-store$/im);
    expect(JSON.parse(last(connection.text()))).toEqual(tooLarge);
  });

  it.each([
    ['GET', 'with Content-Length', length(maxBodySize + 1), ''],
    ['HEAD', 'with Content-Length', length(maxBodySize + 1), ''],
    ['GET', 'in chunks', chunked, chunk(maxBodySize) + chunk(1)],
    ['HEAD', 'in chunks', chunked, chunk(maxBodySize) + chunk(1)],
  ])('of a %s request that is too large, %s, is rejected before it has arrived', async (method, _, header, bytes) => {
    const connection = await connectTo(createCountingApp().app);
    connection.send(`${method} /one HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\n${bytes}`);
    await expect.poll(connection.text).toMatch(/^HTTP\/1\.1 413 /);
  });

  it.each([
    ['with Content-Length', `${length(3)}\r\n\r\nabc`],
    ['in chunks', `${chunked}\r\n\r\n${chunk(3)}0\r\n\r\n`],
    ['in chunks, of the maximum size', `${chunked}\r\n\r\n${chunk(maxBodySize)}0\r\n\r\n`],
  ])('of a GET request, %s, is ignored', async (_, rest) => {
    const connection = await connectTo(createCountingApp().app);
    connection.send(`GET /one HTTP/1.1\r\nHost: a\r\n${rest}GET /two HTTP/1.1\r\nHost: a\r\n\r\n`);
    await expect.poll(connection.text).toMatch(/answer one\n[\s\S]*answer two\n$/);
  });

  it('of a GET request that is too large does not affect the next request', async () => {
    const connection = await connectTo(createCountingApp().app);
    connection.send(`GET /one HTTP/1.1\r\nHost: a\r\n${chunked}\r\n\r\n${chunk(maxBodySize)}${chunk(1)}`);
    await expect.poll(connection.text).toMatch(/^HTTP\/1\.1 413 /);
    connection.send(`${chunk(200_000)}0\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n`);
    await expect.poll(connection.text).toMatch(/answer two\n$/);
  });

  it('of a GET request that is incomplete causes no 5xx', async () => {
    const { app, logged } = await createPlatform();
    const connection = await connectTo(app);
    connection.send(`GET /nothing-here HTTP/1.1\r\nHost: a\r\n${chunked}\r\n\r\n${chunk(3)}`);
    // After this response, the server has read the earlier data.
    await fetch(`http://127.0.0.1:${server.port}/`);
    connection.socket.destroy();
    await expect.poll(logged).toMatchObject([{ status: 404 }, { status: 400 }]);
  });

  it.each(['GET', 'HEAD', 'POST', 'PUT'])('is limited for %s on the health port', async (method) => {
    const connection = await connectTo(createHealthApp({ unready: () => [], log: pino({ level: 'silent' }) }));
    connection.send(`${method} /healthz HTTP/1.1\r\nHost: a\r\n${length(maxBodySize + 1)}\r\n\r\n`);
    await expect.poll(connection.text).toMatch(/^HTTP\/1\.1 413 /);
    connection.socket.destroy();
    const chunks = await open();
    chunks.send(`${method} /healthz HTTP/1.1\r\nHost: a\r\n${chunked}\r\n\r\n${chunk(maxBodySize)}${chunk(1)}`);
    await expect.poll(chunks.text).toMatch(/^HTTP\/1\.1 413 /);
  });

  it.each(['GET', 'HEAD', 'POST', 'PUT'])(
    'in too many chunks is rejected before it has arrived: %s',
    async (method) => {
      const bytes = `${method} /one HTTP/1.1\r\nHost: a\r\n${chunked}\r\n\r\n${chunk(1).repeat(4_097)}`;
      for (const app of [
        createCountingApp().app,
        createHealthApp({ unready: () => [], log: pino({ level: 'silent' }) }),
      ]) {
        const connection = await connectTo(app);
        connection.send(bytes);
        expect(await connection.ended()).toMatch(/^HTTP\/1\.1 413 [\s\S]*^connection: close$/im);
        await server.close(0);
      }
    },
  );

  it('in too many chunks is rejected in the format of the path', async () => {
    const connection = await connectTo((await createPlatform()).app);
    connection.send(post('/oauth2/token', chunked) + chunk(1).repeat(4_097));
    const error_description = 'the body has more than 4096 chunks';
    expect(JSON.parse(last(await connection.ended()))).toEqual({ error: 'invalid_request', error_description });
  });

  it('that is too large does not end the connection if the rest arrives soon', async () => {
    const connection = await connectTo(createCountingApp().app);
    connection.send(`${post('/', chunked)}${chunk(maxBodySize)}${chunk(1)}`);
    await expect.poll(connection.text).toMatch(/^HTTP\/1\.1 413 [\s\S]*\}$/);
    connection.send(`${chunk(1)}0\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(await connection.ended()).toMatch(/answer next\n$/);
  });

  it('that is far too large, in chunks, gets a response', async () => {
    await connectTo(createCountingApp().app);
    const body = new Blob([Buffer.alloc(2 ** 20)]).stream();
    const answer = await fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST', body, duplex: 'half' });
    expect([answer.status, await answer.json()]).toEqual([413, tooLarge]);
  });

  it.each([1, 20])('that is far too large (%i MiB) gets a response', async (mebibytes) => {
    await connectTo(createCountingApp().app);
    const body = Buffer.alloc(mebibytes * 2 ** 20);
    const answer = await fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST', body });
    expect([answer.status, await answer.json()]).toEqual([413, tooLarge]);
  });

  it.each([tokenPath, '/nothing-here'])('is limited on every route: %s', async (path) => {
    const { app, logged } = await createPlatform();
    const connection = await connectTo(app);
    connection.send(post(path, length(maxBodySize + 1)));
    await expect.poll(connection.text).toMatch(/^HTTP\/1\.1 413 /);
    expect(logged()).toMatchObject([{ method: 'POST', status: 413 }]);
  });

  const cutOff = (socket: Socket) => void socket.destroy();
  const isLate = () => undefined;

  it.each([
    ['in chunks, incomplete', chunked, chunk(5), cutOff, 400],
    ['with Content-Length, incomplete', length(10), '12345', cutOff, 400],
    ['in chunks, too slow', chunked, chunk(5), isLate, 408],
    ['with Content-Length, too slow', length(10), '12345', isLate, 408],
  ])('%s, causes no 5xx', async (_, header, bytes, go, status) => {
    const { app, logged } = await createPlatform();
    const connection = await connectTo(app, { timeouts: { request: 500 } });
    connection.send(post(tokenPath, header) + bytes);
    // After this response, the server has read the earlier data.
    await fetch(`http://127.0.0.1:${server.port}/`);
    go(connection.socket);
    await expect.poll(logged).toMatchObject([{ method: 'GET' }, { method: 'POST', status }]);
    expect(logged()[1]).not.toHaveProperty('error');
  });
});

describe('a slow client', () => {
  it.each([
    ['sends nothing', ''],
    ['sends incomplete headers', 'GET / HTTP/1.1\r\nHost: a\r\n'],
    ['sends an incomplete body', `${post('/', length(10))}12345`],
  ])('that %s gets 408', async (_, bytes) => {
    const connection = await connectTo(createCountingApp().app, { timeouts: { request: 50 } });
    connection.send(bytes);
    expect(await connection.ended()).toMatch(/^HTTP\/1\.1 408 [\s\S]*"the request timed out"/);
  });

  it('without any data is disconnected', async () => {
    const connection = await connectTo(createCountingApp().app, { timeouts: { inactivity: 50 } });
    connection.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await connection.ended()).toBe('');
  });

  it('without any data is disconnected after 120 seconds by default', async () => {
    const setTimeout = vi.spyOn(Socket.prototype, 'setTimeout');
    await connectTo(createCountingApp().app);
    // Twelve periods, see inactivity.test.ts.
    await expect.poll(() => setTimeout.mock.calls).toContainEqual([10_000]);
    setTimeout.mockRestore();
  });

  it('gets the keep-alive timeout in a header', async () => {
    const connection = await connectTo(createCountingApp().app);
    connection.send('GET /one HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect.poll(connection.text).toMatch(/^keep-alive: timeout=65$/im);
  });

  it('is disconnected after the keep-alive timeout', async () => {
    const connection = await connectTo(createCountingApp().app, { timeouts: { keepAlive: 50 } });
    connection.send('GET /one HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await connection.ended()).toMatch(/^connection: keep-alive$[\s\S]*answer one\n$/im);
  });
});

describe('a connection', () => {
  it('accepts pipelined requests and responds in order', async () => {
    const connection = await connectTo(createCountingApp().app);
    const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
    connection.send(
      [get('/one'), post('/two', length(3)), 'abc', get('/three'), get('/four', 'Connection: close\r\n')].join(''),
    );
    const text = await connection.ended();
    expect([...text.matchAll(/^answer (\w+)$/gm)].map(([, name]) => name)).toEqual(['one', 'two', 'three', 'four']);
  });

  it('that is closed during a response causes no error and no output except the log', async () => {
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

  it('above the maximum is closed, and accepted after another has ended', async () => {
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
