import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { serve } from '../../../../src/http/server/server.ts';

const loopback = { address: '127.0.0.1', port: 0 };

/** An app whose /slow responds when the test allows it. */
function createSlowApp() {
  const reached = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const app = new Hono();
  app.get('/', (context) => context.text('ok'));
  app.get('/slow', async (context) => {
    reached.resolve();
    await answer.promise;
    return context.text('late');
  });
  return { app, reached: reached.promise, answer: answer.resolve };
}

/** Returns the status and body of a GET over a new connection, or the error code. */
function get(port: number, path: string, headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
    });
    call.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
    call.end();
  });
}

describe('serve', () => {
  it('listens on a free port', async () => {
    const server = await serve(createSlowApp().app, loopback);
    expect(server.address).toBe('127.0.0.1');
    expect(await get(server.port, '/')).toBe('200 ok');
    await server.close(0);
    // A test in another process may have taken the port, so the error may also be ECONNRESET.
    expect(await get(server.port, '/')).toMatch(/^ECONNRE(FUSED|SET)$/);
  });

  it.each([
    '/beneath/../public',
    '/beneath/%2e%2E/public',
    '/beneath/..',
    '/beneath/./x',
    '/beneath\\..\\public',
    'http://127.0.0.1/beneath/../public',
    '/oauth2/auth/../public',
    '/oauth2/../public',
  ])('rejects a path with dot segments: %s', async (target) => {
    const app = new Hono();
    app.get('/public', (context) => context.text('public'));
    const server = await serve(app, loopback);
    const socket = connect(server.port, '127.0.0.1');
    socket.end(`GET ${target} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n`);
    let text = '';
    for await (const chunk of socket) text += chunk;
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain(target === '/oauth2/../public' ? '{"error":"invalid_request",' : '{"code":3,');
    expect(await get(server.port, '/public?next=/../x')).toBe('200 public');
    await server.close(0);
  });

  it('fails if the port is in use', async () => {
    const { app } = createSlowApp();
    const server = await serve(app, loopback);
    await expect(serve(app, { ...loopback, port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await server.close(0);
  });

  it('responds to a request in flight on close', async () => {
    const { app, reached, answer } = createSlowApp();
    const server = await serve(app, loopback);
    const slow = get(server.port, '/slow');
    await reached;
    const closed = server.close(60_000);
    expect(await get(server.port, '/')).toBe('ECONNREFUSED');
    answer();
    expect(await slow).toBe('200 late');
    await closed;
  });

  it('closes after the timeout', async () => {
    const { app, reached } = createSlowApp();
    const server = await serve(app, loopback);
    const slow = get(server.port, '/slow');
    await reached;
    await server.close(10);
    expect(await slow).toBe('ECONNRESET');
  });

  it('rejects headers that are too large', async () => {
    const server = await serve(createSlowApp().app, loopback);
    expect(await get(server.port, '/', { cookie: 'x'.repeat(20_000) })).toMatch(/^431 /);
    await server.close(0);
  });
});

/** A raw connection. */
async function open(port: number) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  return {
    send: (bytes: string) => void socket.write(bytes),
    /** Data received so far. */
    text: () => text,
    /** All received data, once the server has closed the connection. */
    ended: () => closed.then(() => text),
  };
}

describe('a malformed request', () => {
  it.each([
    ['another protocol', 'secret-x\r\n\r\n', 400, 'the request is malformed'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00', 400, 'the request is malformed'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: a\r\nsecret-x\r\n\r\n', 400, 'the request is malformed'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
      'the request is malformed',
    ],
    ['no Host', 'GET /secret-x HTTP/1.1\r\n\r\n', 400, 'the request is malformed'],
    ['an invalid Host', 'GET / HTTP/1.1\r\nHost: %secret-x\r\n\r\n', 400, 'the request is malformed'],
    [
      'a request line that is too long',
      `GET /${'secret-x'.repeat(5_000)} HTTP/1.1\r\n\r\n`,
      431,
      'the request headers are too large',
    ],
    [
      'a long header',
      `GET / HTTP/1.1\r\nCookie: ${'secret-x'.repeat(5_000)}\r\n\r\n`,
      431,
      'the request headers are too large',
    ],
  ])(
    'returns an error in the format of the platform and closes the connection: %s',
    async (_, bytes, status, message) => {
      const server = await serve(createSlowApp().app, loopback);
      const connection = await open(server.port);
      connection.send(bytes);
      const [head = '', body = ''] = (await connection.ended()).split('\r\n\r\n');
      expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} \\w`));
      expect(head).toMatch(/^content-type: application\/json/im);
      expect(head).toMatch(/^connection: close$/im);
      expect(head).toMatch(/^cache-control: no-store$/im);
      expect(JSON.parse(body)).toEqual({ code: 3, message, details: [] });
      expect(head).not.toContain('secret-x');
      await server.close(0);
    },
  );

  it('does not interrupt a response being sent', async () => {
    const app = new Hono();
    const answering = Promise.withResolvers<void>();
    app.get('/', (context) => {
      return context.body(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode('half'));
            answering.resolve();
          },
        }),
      );
    });
    const server = await serve(app, loopback);
    const connection = await open(server.port);
    connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await answering.promise;
    await expect.poll(connection.text).toContain('half');
    connection.send('garbage\r\n\r\n');
    expect(await connection.ended()).not.toContain('malformed');
    await server.close(0);
  });
});

describe('shutdown', () => {
  const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

  it('closes idle connections immediately, used and unused ones', async () => {
    const server = await serve(createSlowApp().app, loopback);
    const [used, unused] = [await open(server.port), await open(server.port)];
    used.send(request('/'));
    await expect.poll(used.text).toMatch(/ok$/);
    await server.close(60_000);
    expect(await used.ended()).toMatch(/^connection: keep-alive$/im);
    expect(await unused.ended()).toBe('');
  });

  it('answers one more request per connection after beginDrain, then closes it', async () => {
    const server = await serve(createSlowApp().app, loopback);
    const kept = await open(server.port);
    kept.send(request('/'));
    await expect.poll(kept.text).toMatch(/ok$/);
    server.beginDrain();
    const fresh = await open(server.port);
    for (const connection of [kept, fresh]) connection.send(request('/'));
    expect(await kept.ended()).toMatch(/connection: keep-alive[\s\S]*connection: close[\s\S]*ok$/i);
    expect(await fresh.ended()).toMatch(/connection: close[\s\S]*ok$/i);
    await server.close(0);
  });

  it('adds Connection: close to responses in flight after beginDrain', async () => {
    const { app, reached, answer } = createSlowApp();
    const server = await serve(app, loopback);
    const connection = await open(server.port);
    connection.send(request('/slow'));
    await reached;
    const closed = server.close(60_000);
    answer();
    expect(await connection.ended()).toMatch(/^connection: close$/im);
    await closed;
  });

  it('completes a response being sent and then closes its connection', async () => {
    const app = new Hono();
    const rest = Promise.withResolvers<void>();
    app.get('/', (context) => {
      const encoder = new TextEncoder();
      return context.body(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(encoder.encode('half'));
            await rest.promise;
            controller.enqueue(encoder.encode('rest'));
            controller.close();
          },
        }),
      );
    });
    const server = await serve(app, loopback);
    const connection = await open(server.port);
    connection.send(request('/'));
    await expect.poll(connection.text).toContain('half');
    const closed = server.close(60_000);
    rest.resolve();
    await closed;
    expect(await connection.ended()).toContain('rest');
  });

  it('responds to a partially received request and closes its connection', async () => {
    const server = await serve(createSlowApp().app, loopback);
    const connection = await open(server.port);
    connection.send('GET / HTTP/1.1\r\n');
    // After this response, the server has read the earlier data.
    await get(server.port, '/');
    const closed = server.close(60_000);
    connection.send('Host: a\r\n\r\n');
    expect(await connection.ended()).toMatch(/^connection: close$/im);
    await closed;
  });
});
