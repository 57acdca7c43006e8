import { IncomingMessage, ServerResponse } from 'node:http';
import { connect, Socket } from 'node:net';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { limitBody } from '../../../../src/http/common/body-limit.ts';
import { createPipeline } from '../../../../src/http/server/pipeline.ts';
import { type RunningServer, type ServeOptions, serve } from '../../../../src/http/server/server.ts';

let server: RunningServer;
afterEach(() => server?.close(0));

/** An app that responds with the path and the size of the body, after `release` was called. */
function createGatedApp() {
  const gate = Promise.withResolvers<void>();
  const paths: string[] = [];
  const processing = { now: 0, most: 0 };
  const app = new Hono().use(limitBody()).all('*', async ({ req, text }) => {
    paths.push(req.path);
    processing.now += 1;
    processing.most = Math.max(processing.most, processing.now);
    const { byteLength } = await req.arrayBuffer();
    await gate.promise;
    processing.now -= 1;
    return text(`${req.path} ${byteLength}\n`);
  });
  return { app, paths, processing, release: gate.resolve };
}

async function connectTo(app: Hono, options: Partial<ServeOptions> = {}) {
  server = await serve(app, { address: '127.0.0.1', port: 0, ...options });
  const socket = connect(server.port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { send: (bytes: string) => void socket.write(bytes), text: () => text, ended: () => closed.then(() => text) };
}

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
const post = (path: string, size: number) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`;
const close = 'Connection: close\r\n';
const bodies = (text: string) => text.match(/^\/\w+ \d+$/gm);
const statuses = (text: string) => text.match(/^HTTP\/1\.1 \d+/gm)?.map((line) => line.slice(-3));

describe('pipelined requests', () => {
  it('are processed one after the other, and answered in order', async () => {
    const { app, processing, release } = createGatedApp();
    const connection = await connectTo(app);
    const chunked = 'POST /e HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
    connection.send(get('/a') + post('/b', 65_536) + get('/c') + post('/d', 5) + chunked + get('/f', close));
    await expect.poll(() => processing.now).toBe(1);
    release();
    expect(bodies(await connection.ended())).toEqual(['/a 0', '/b 65536', '/c 0', '/d 5', '/e 3', '/f 0']);
    expect(processing.most).toBe(1);
  });

  it.each([
    ['16 wait', get('/b').repeat(16), 17],
    ['their bodies are not too large', post('/b', 65_000).repeat(4), 5],
  ])('are processed if %s', async (_, bytes, count) => {
    const { app, paths, release } = createGatedApp();
    const connection = await connectTo(app);
    connection.send(get('/a') + bytes);
    await expect.poll(() => paths).toHaveLength(1);
    release();
    await expect.poll(() => bodies(connection.text())).toHaveLength(count);
  });

  it.each([
    ['more than 16 wait', get('/b').repeat(17)],
    ['hundreds arrive at once', get('/b').repeat(1_000)],
    ['their bodies are too large', post('/b', 65_000).repeat(5)],
    ['their headers are too large', get('/b', `a: ${'x'.repeat(15_000)}\r\n`).repeat(16) + post('/c', 65_000)],
  ])('end the connection if %s', async (_, bytes) => {
    const { app, paths, release } = createGatedApp();
    const connection = await connectTo(app);
    connection.send(get('/a') + bytes);
    expect(await connection.ended()).toBe('');
    release();
    expect((await fetch(`http://127.0.0.1:${server.port}/next`)).status).toBe(200);
    expect(paths).toEqual(['/a', '/next']);
  });

  it('are not processed after a response that closes the connection', async () => {
    const { app, paths, release } = createGatedApp();
    const connection = await connectTo(app);
    connection.send(get('/a') + get('/b'));
    await expect.poll(() => paths).toEqual(['/a']);
    server.beginDrain();
    release();
    expect(bodies(await connection.ended())).toEqual(['/a 0']);
    expect(paths).toEqual(['/a']);
  });

  it.each([
    ['CONNECT', 'CONNECT b:1 HTTP/1.1\r\nHost: b\r\n\r\n', '405'],
    ['an unknown expectation', get('/b', 'Expect: x\r\n'), '417'],
    ['a malformed body', 'POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', '400'],
    ['no Host', 'GET /b HTTP/1.1\r\n\r\n', '400'],
  ])('with %s do not get the response of the request before', async (_, bytes, status) => {
    const { app, paths, release } = createGatedApp();
    const connection = await connectTo(app);
    connection.send(get('/a') + bytes);
    await expect.poll(() => paths).toEqual(['/a']);
    release();
    expect(statuses(await connection.ended())).toEqual(['200', status]);
    expect(paths).toEqual(['/a']);
  });

  it('with a late body do not get the response of the request before', async () => {
    let received: string[] | undefined;
    // On a slow machine, the first request can be late as well.
    while (received?.[0] !== '200') {
      server?.close(0);
      const { app, release } = createGatedApp();
      const connection = await connectTo(app, { timeouts: { request: 20 } });
      connection.send(`${get('/a')}POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nx`);
      // Node checks for late requests at this interval.
      setTimeout(release, 200);
      received = statuses(await connection.ended());
    }
    expect(received).toEqual(['200', '408']);
  });
});

describe('createPipeline', () => {
  /** A connection with a request that is processed; `wait` adds one, and `respond` ends the processed one. */
  function connection(pipeline: ReturnType<typeof createPipeline>) {
    const socket = new Socket();
    // A socket that is not connected is not writable.
    Object.defineProperty(socket, 'writable', { get: () => !socket.destroyed });
    const responses: ServerResponse[] = [];
    const enter = (headers: Record<string, string>) => {
      const incoming = new IncomingMessage(socket);
      incoming.headers = headers;
      const response = new ServerResponse(incoming);
      pipeline.enter(incoming, response, () => void responses.push(response));
      return incoming;
    };
    enter({});
    return { socket, wait: enter, respond: () => responses.shift()?.emit('close') };
  }

  it('limits the size of all waiting requests', () => {
    const pipeline = createPipeline();
    const large = { 'content-length': '65536' };
    const connections = Array.from({ length: 256 }, () => connection(pipeline));
    for (const { wait } of connections) wait(large);
    expect(connections.filter(({ socket }) => socket.destroyed)).toEqual([]);
    const last = connection(pipeline);
    last.wait(large);
    expect(last.socket.destroyed).toBe(true);
    // A connection that is closed and one that is processed no longer count.
    connections[0]?.socket.destroy();
    connections[0]?.respond();
    connections[1]?.respond();
    const next = [connection(pipeline), connection(pipeline), connection(pipeline)];
    for (const { wait } of next) wait(large);
    expect(next.map(({ socket }) => socket.destroyed)).toEqual([false, false, true]);
  });

  it('reads the body of a waiting request', () => {
    const { wait } = connection(createPipeline());
    expect(wait({ 'transfer-encoding': 'chunked' }).readableFlowing).toBe(true);
  });
});
