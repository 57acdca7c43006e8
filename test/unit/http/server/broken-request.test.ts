import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { RequestError } from '@hono/node-server';
import { describe, expect, it } from 'vitest';
import { answerBrokenRequests, answerUnroutable } from '../../../../src/http/server/broken-request.ts';

interface Options {
  answer?: () => Promise<void>;
  later?: string;
  /** The part of the request that is late. */
  late?: 'headers' | 'body' | undefined;
}

/** Milliseconds. Node uses the longer one for the whole request. */
const short = { headersTimeout: 50, requestTimeout: 50 };

/**
 * Returns what a server that only supports GET sends until it closes the connection.
 *
 * @param answer awaited before each response
 * @param later sent after the first response
 */
async function answerTo(bytes: string, { answer, later = '', late }: Options = {}): Promise<string> {
  const server = createServer({ connectionsCheckingInterval: 10 }, async ({ method }, response) => {
    // Only now, so that a slow machine is not late with the headers.
    if (late === 'body') Object.assign(server, short);
    if (method !== 'GET') return;
    await answer?.();
    response.end('ok');
  });
  if (late === 'headers') Object.assign(server, short);
  answerBrokenRequests(server, () => 'the-id');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(bytes);
  const closed = once(socket, 'close');
  if (later !== '') await once(socket, 'data').then(() => socket.write(later));
  await closed;
  server.close();
  return text;
}

const post = (path: string, rest: string) => `POST ${path} HTTP/1.1\r\nHost: a\r\n${rest}`;
const half = 'Content-Length: 10\r\n\r\n12345';
const badChunk = 'Transfer-Encoding: chunked\r\n\r\nzz\r\n';
const platform = (message: string) => ({ code: 3, message, details: [] });
const oauth = (text: string) => ({ error: 'invalid_request', error_description: text });
const expired = 'the request timed out';
const malformed = 'the request is malformed';
const [timeout, badRequest] = ['408 Request Timeout', '400 Bad Request'];

describe('answerBrokenRequests', () => {
  it.each<[string, string, Options['late'], string, object]>([
    ['request with incomplete headers', 'GET / HTTP/1.1\r\nHost: a\r\n', 'headers', timeout, platform(expired)],
    ['request with an incomplete body', post('/', half), 'body', timeout, platform(expired)],
    ['request with an incomplete body for OAuth 2.0', post('/oauth2/token?x', half), 'body', timeout, oauth(expired)],
    [
      'request with an incomplete body for forward-auth',
      post('/oauth2/auth/x', half),
      'body',
      timeout,
      platform(expired),
    ],
    ['malformed body', post('/', badChunk), undefined, badRequest, platform(malformed)],
    ['malformed body for OAuth 2.0', post('/oauth2/introspect', badChunk), undefined, badRequest, oauth(malformed)],
    ['malformed request line', 'GET /oauth2/token HTTP/x\r\n\r\n', undefined, badRequest, platform(malformed)],
  ])('responds to a %s', async (_, bytes, late, status, expected) => {
    const [head = '', body = ''] = (await answerTo(bytes, { late })).split('\r\n\r\n');
    expect(head.split('\r\n')[0]).toBe(`HTTP/1.1 ${status}`);
    expect(head).toMatch(/^connection: close$/im);
    expect(head).toMatch(/^x-request-id: the-id$/im);
    expect(JSON.parse(body)).toEqual(expected);
  });

  it('does not attribute malformed headers to the path of the previous request', async () => {
    const text = await answerTo('GET /oauth2/token HTTP/1.1\r\nHost: a\r\n\r\n', {
      later: 'NOTHING\r\n\r\n',
    });
    expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(text.split('\r\n\r\n').at(-1)).toContain('"code":3');
  });

  const get = (path: string, rest = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${rest}\r\n`;
  const slow = () => setTimeout(20);
  const once200 = ['HTTP/1.1 200'];

  it('responds to complete requests before a malformed one', async () => {
    const text = await answerTo(get('/oauth2/one') + get('/two') + get('/three', 'a\r\n'), { answer: slow });
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400']);
    expect(text.split('\r\n\r\n').at(-1)).toContain('"code":3');
  });

  it('sends the last response of a connection despite data after its request', async () => {
    const text = await answerTo(`${get('/', 'Connection: close\r\n')}x`, { answer: slow });
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(once200);
  });

  it('sends no second response if the body of a request is late after its response', async () => {
    const text = await answerTo(get('/', 'Content-Length: 10\r\n'), { late: 'body' });
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(once200);
  });

  it('sends no second response if the body of a request is malformed after its response', async () => {
    const text = await answerTo(get('/', 'Transfer-Encoding: chunked\r\n'), { later: 'zz\r\n' });
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(once200);
  });
});

describe('answerUnroutable', () => {
  it.each([
    [new RequestError('secret'), 400, { code: 3, message: 'the request is malformed', details: [] }, {}],
    [
      new Error('secret'),
      500,
      { code: 13, message: 'internal error', details: [] },
      { error: 'Error', stack: expect.stringMatching(/^ {4}at [\s\S]*broken-request.test.ts/) },
    ],
  ])('responds to %s', async (error, status, body, cause) => {
    const records: unknown[] = [];
    const answer = answerUnroutable((one) => `id-${records.push(one)}`)(error);
    expect([answer.status, await answer.json()]).toEqual([status, body]);
    expect(answer.headers.get('Connection')).toBe('close');
    expect(answer.headers.get('X-Request-Id')).toBe('id-1');
    expect(records).toEqual([{ status, refused: body.message, ...cause }]);
  });
});
