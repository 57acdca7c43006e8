import { once } from 'node:events';
import { connect } from 'node:net';
import { Hono } from 'hono';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import type { CompletedRequest } from '../../../../src/http/common/dependencies.ts';
import { createHealthApp } from '../../../../src/http/server/health.ts';
import { type RunningServer, serve, type Timeouts } from '../../../../src/http/server/server.ts';
import { createPlatform } from '../support.ts';

let server: RunningServer;
afterEach(() => server?.close(0));

const createApp = () => new Hono().get('/secret-x', (one) => one.text('ok'));

interface Options {
  app?: Parameters<typeof serve>[0];
  timeouts?: Partial<Timeouts>;
}

/** Sends bytes to a server, and returns what it sends until it closes the connection, and its log. */
async function send(bytes: string, { app = createApp(), timeouts }: Options = {}) {
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const completed: CompletedRequest[] = [];
  const metrics = { completed: (one: CompletedRequest) => void completed.push(one) };
  server = await serve(app, { address: '127.0.0.1', port: 0, log, metrics, timeouts: { keepAlive: 20, ...timeouts } });
  const socket = connect(server.port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(bytes);
  await once(socket, 'close');
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const headers = new Headers(
    head
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(': ', 2) as [string, string]),
  );
  return {
    status: Number(head.split(' ')[1]),
    headers,
    body,
    logged: lines.map((line) => JSON.parse(line)),
    lines,
    completed,
  };
}

const host = 'Host: secret-x';
const malformed = { code: 3, message: 'the request is malformed', details: [] };

/** Of requests that are expected to be late; for others, a slow machine must not be too late. */
const timeoutsFor = (status: number): Partial<Timeouts> => (status === 408 ? { request: 200 } : {});

describe('a request', () => {
  it.each([
    ['with two Host headers', `GET /secret-x HTTP/1.1\r\n${host}\r\nhost: b\r\n\r\n`, 400, malformed],
    ['with two Host headers in HTTP/1.0', `GET /secret-x HTTP/1.0\r\n${host}\r\n${host}\r\n\r\n`, 400, malformed],
    ['without Host', 'GET /secret-x HTTP/1.1\r\n\r\n', 400, malformed],
    ['with an empty Host', 'GET /secret-x HTTP/1.1\r\nHost:\r\n\r\n', 400, malformed],
    ['with credentials in Host', 'GET /secret-x HTTP/1.1\r\nHost: a@secret-x\r\n\r\n', 400, malformed],
    ['with a dot segment', `GET /secret-x/../y HTTP/1.1\r\n${host}\r\n\r\n`, 400, malformed],
    ['with the target *', `GET * HTTP/1.1\r\n${host}\r\n\r\n`, 400, malformed],
    ['with a fragment in its target', `GET /secret-x#y HTTP/1.1\r\n${host}\r\n\r\n`, 400, malformed],
    ['with credentials in its target', `GET http://b:c@a/secret-x HTTP/1.1\r\n${host}\r\n\r\n`, 400, malformed],
    [
      'with a long path that is not UTF-8',
      `GET /secret-x/${'%ff/'.repeat(300)} HTTP/1.1\r\n${host}\r\n\r\n`,
      400,
      malformed,
    ],
    ['with more than 1,000 headers', `GET /secret-x HTTP/1.1\r\n${host}\r\n${'a:\r\n'.repeat(1000)}\r\n`, 431, {}],
    ['of HTTP/2.0', `GET /secret-x HTTP/2.0\r\n${host}\r\n\r\n`, 505, { code: 12 }],
    ['with an unknown method', `secret-x /secret-x HTTP/1.1\r\n${host}\r\n\r\n`, 501, { code: 12 }],
    ['with a malformed header', `GET /secret-x HTTP/1.1\r\n${host}\r\nsecret-x\r\n\r\n`, 400, malformed],
    ['that is late', `GET /secret-x HTTP/1.1\r\n${host}\r\n`, 408, { message: 'the request timed out' }],
    ['with a long header', `GET / HTTP/1.1\r\na: ${'secret-x'.repeat(9_000)}`, 431, { code: 3 }],
    [
      'with a transfer coding in HTTP/1.0',
      `POST /secret-x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      malformed,
    ],
    [
      'with another transfer coding',
      `POST /secret-x HTTP/1.1\r\n${host}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
      501,
      { code: 12, message: 'Transfer-Encoding: must be chunked' },
    ],
    ['with an unknown expectation', `GET /secret-x HTTP/1.1\r\n${host}\r\nExpect: secret-x\r\n\r\n`, 417, { code: 3 }],
    ['with the method CONNECT', 'CONNECT secret-x:443 HTTP/1.1\r\nHost: secret-x:443\r\n\r\n', 405, { code: 12 }],
  ])(
    '%s is rejected, with an ID, a log line without its content, and in the metrics',
    async (_, bytes, status, expected) => {
      const answer = await send(bytes, { timeouts: timeoutsFor(status) });
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.body)).toMatchObject(expected);
      expect(answer.headers.get('Connection')).toBe('close');
      expect(answer.headers.get('Allow') !== null).toBe(status === 405);
      const requestId = answer.headers.get('X-Request-Id');
      expect(requestId).toMatch(/^[\da-f-]{36}$/);
      expect(answer.logged).toMatchObject([{ level: 30, requestId, route: '/*', status, msg: 'request' }]);
      expect(answer.completed).toEqual([{ route: '/*', status, seconds: 0 }]);
      expect(answer.lines.join('') + answer.body + [...answer.headers].join('')).not.toContain('secret-x');
    },
  );

  it.each(['10.0.0.256', '1.2.3.4.5', '1.2.3.08', '09', 'a.0x', 'a:99999', '[::1]:99999', '[1.2.3.4]'])(
    'with the Host %s, which no URL can have, is rejected without its content',
    async (one) => {
      const { status, body, lines } = await send(`POST /secret-x?sk=secret-x HTTP/1.1\r\nHost: ${one}\r\n\r\n`);
      expect([status, JSON.parse(body), lines.length]).toEqual([400, malformed, 1]);
      expect(lines.join('')).not.toContain('secret-x');
    },
  );

  it('uses the error format of OAuth 2.0 for its paths', async () => {
    const { body } = await send('GET /oauth2/token HTTP/1.1\r\n\r\n');
    expect(JSON.parse(body)).toEqual({ error: 'invalid_request', error_description: 'the request is malformed' });
  });

  it.each([
    ['HTTP/1.0 without Host', 'GET /secret-x HTTP/1.0\r\n\r\n'],
    ['a name with a port', 'GET /secret-x HTTP/1.1\r\nHost: my_name.example:8080\r\n\r\n'],
    ['an IPv4 address', 'GET /secret-x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
    ['a number in a name', 'GET /secret-x HTTP/1.1\r\nHost: 1.2.3.4.example\r\n\r\n'],
    ['an internationalized name', 'GET /secret-x HTTP/1.1\r\nHost: xn--bcher-kva.example\r\n\r\n'],
    ['an IPv6 address', 'GET /secret-x HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n'],
    ['an IPv6 address in another spelling', 'GET /secret-x HTTP/1.1\r\nHost: [2001:0DB8::0:1]\r\n\r\n'],
    ['an IPv4-mapped address', 'GET /secret-x HTTP/1.1\r\nHost: [::ffff:1.2.3.4]\r\n\r\n'],
    ['an IPv4-mapped address and a port', 'GET /secret-x HTTP/1.1\r\nHost: [::FFFF:1.2.3.4]:8080\r\n\r\n'],
    ['an empty port', 'GET /secret-x HTTP/1.1\r\nHost: a:\r\n\r\n'],
    ['an absolute target with a scheme in capitals', 'GET HTTP://here/secret-x HTTP/1.1\r\nHost: here\r\n\r\n'],
    ['an absolute target', 'GET http://here/secret-x HTTP/1.1\r\nHost: here\r\n\r\n'],
    [
      'a transfer coding in capitals',
      `GET /secret-x HTTP/1.1\r\n${host}\r\nTransfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n`,
    ],
    ['an expectation', `GET /secret-x HTTP/1.1\r\n${host}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`],
  ])('with %s is served', async (_, bytes) => {
    const { status, logged } = await send(bytes);
    expect([status === 100 ? 200 : status, logged]).toEqual([200, []]);
  });

  it('without Host is served in HTTP/1.0 on the health port', async () => {
    const app = createHealthApp({ unready: () => [], log: pino({ level: 'silent' }) });
    const { status, body } = await send('GET /healthz HTTP/1.0\r\n\r\n', { app });
    expect([status, body]).toEqual([200, 'ok\n']);
  });

  it.each([
    ['late', 'Content-Length: 10', '12345', 408],
    ['malformed', 'Transfer-Encoding: chunked', 'zz\r\n', 400],
  ])('with a body that is %s has one log line, with the route and the response', async (_, header, rest, status) => {
    const log: string[] = [];
    const platform = await createPlatform({ log: pino({}, { write: (line: string) => void log.push(line) }) });
    const path = '/oauth2/token';
    const answer = await send(`POST ${path} HTTP/1.1\r\n${host}\r\n${header}\r\n\r\n${rest}`, {
      app: platform.app,
      timeouts: timeoutsFor(status),
    });
    const requestId = answer.headers.get('X-Request-Id');
    await expect.poll(() => log.map((line) => JSON.parse(line))).toMatchObject([{ requestId, method: 'POST', status }]);
    expect([answer.status, answer.logged, answer.completed]).toEqual([status, [], []]);
  });

  it('with a path that is not UTF-8 reaches the app', async () => {
    const app = new Hono().get('*', (context) => context.text('ok'));
    expect((await send(`GET /auth/%ff%C4%E3 HTTP/1.1\r\n${host}\r\n\r\n`, { app })).status).toBe(200);
  });

  it('after a rejected one on the same connection is not processed', async () => {
    const paths: string[] = [];
    const app = new Hono().get('*', (context) => context.text(String(paths.push(context.req.path))));
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const { logged } = await send(`${get('/one')}GET /two HTTP/1.1\r\n\r\n${get('/three')}`, { app });
    expect([paths, logged]).toMatchObject([['/one'], [{ status: 400 }]]);
  });

  it('with an unknown method after another request is rejected like the first of a connection', async () => {
    const bytes = `GET /secret-x HTTP/1.1\r\n${host}\r\n\r\nFOO / HTTP/1.1\r\n${host}\r\n\r\n`;
    expect((await send(bytes)).logged).toMatchObject([{ status: 501 }]);
  });

  it('OPTIONS * returns the methods of the server', async () => {
    const { status, headers, logged } = await send('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n');
    expect([status, headers.get('Allow')]).toEqual([204, 'GET, HEAD, POST, OPTIONS']);
    expect(logged).toMatchObject([{ requestId: headers.get('X-Request-Id'), method: 'OPTIONS', status: 204 }]);
  });
});
