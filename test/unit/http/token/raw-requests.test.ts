/** Requests that need a raw connection: repeated headers, malformed bodies, aborted and pipelined requests. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyPair } from '../../../support/builders.ts';
import { ak, basic, createPlatform, deploymentsPath, sk, tokenPaths } from '../support.ts';

const [path] = tokenPaths;
const authorization = basic(ak, sk);
const other = keyPair(2);

let platform: Awaited<ReturnType<typeof createPlatform>>;
let server: Server;
let token: string;

beforeAll(async () => {
  platform = await createPlatform();
  token = await platform.token();
  server = createServer(getRequestListener(platform.app.fetch)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server?.close());

/** Sends these header lines and a body. */
async function raw(lines: string[], body = ''): Promise<{ status: number; head: string; body: string }> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.end(`${[...lines, 'Host: a', 'Connection: close'].join('\r\n')}\r\n\r\n${body}`);
  let text = '';
  for await (const chunk of socket) text += chunk;
  const [head = '', ...rest] = text.split('\r\n\r\n');
  return { status: Number(head.slice(9, 12)), head, body: rest.join('\r\n\r\n') };
}

const post = (target: string, body: string, ...headers: string[]) =>
  raw([`POST ${target} HTTP/1.1`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers], body);
const formType = 'Content-Type: application/x-www-form-urlencoded';

describe('a repeated header', () => {
  it.each([
    ['the correct key pair twice', path, [`Authorization: ${authorization}`, `Authorization: ${authorization}`]],
    ['the correct key pair first', path, [`Authorization: ${authorization}`, 'Authorization: Basic eDp5']],
    ['the correct key pair last', path, ['authorization: Basic eDp5', `AUTHORIZATION: ${authorization}`]],
    ['an empty header first', path, ['Authorization:', `Authorization: ${authorization}`]],
    ['tokens', deploymentsPath, ['Authorization: Bearer TOKEN', 'Authorization: Bearer TOKEN']],
    ['tokens for forward-auth', '/oauth2/auth', ['Authorization: Bearer TOKEN', 'Authorization: Bearer x'], 401],
  ])('Authorization is rejected: %s', async (_, target, headers, status = 400) => {
    const answer = await raw([`GET ${target} HTTP/1.1`, ...headers.map((one) => one.replace('TOKEN', token))]);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain('"message":"Authorization: must be given only once"');
  });

  it('Authorization is rejected in the format of OAuth 2.0', async () => {
    const headers = [`Authorization: ${authorization}`, 'Authorization: Basic eDp5', formType];
    const answer = await post('/oauth2/token', 'grant_type=client_credentials', ...headers);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'invalid_request' });
  });

  it('Content-Type is rejected', async () => {
    const answer = await post(path, `ak=${ak}&sk=${sk}`, formType, 'Content-Type: application/json');
    expect(answer.status).toBe(415);
  });

  it('is accepted if given once', async () => {
    expect((await raw([`GET ${path} HTTP/1.1`, `Authorization: ${authorization}`])).status).toBe(200);
    expect((await post(path, `ak=${ak}&sk=${sk}`, formType)).status).toBe(200);
  });
});

describe('a body', () => {
  it('in chunks is accepted', async () => {
    const text = `ak=${ak}&sk=${sk}`;
    const chunks = `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
    expect((await raw([`POST ${path} HTTP/1.1`, formType, 'Transfer-Encoding: chunked'], chunks)).status).toBe(200);
  });

  it('of a GET is ignored', async () => {
    const answer = await raw([`GET ${path} HTTP/1.1`, formType, 'Content-Length: 4'], 'ak=x');
    expect(answer.status).toBe(400);
    expect(answer.body).toContain('ak: is required');
  });

  it('that is incomplete does not affect other requests', async () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\n${formType}\r\nContent-Length: 100\r\n\r\nak=`);
    await once(server, 'request');
    socket.destroy();
    expect((await post(path, `ak=${ak}&sk=${sk}`, formType)).status).toBe(200);
  });
});

describe('pipelined requests', () => {
  it('are answered in order', async () => {
    const one = (query: string) => `GET ${path}?${query} HTTP/1.1\r\nHost: a\r\n`;
    const requests = [
      `${one(`ak=${ak}&sk=${other.sk}`)}\r\n`,
      `${one(`ak=${ak}&sk=${sk}`)}\r\n`,
      `${one('')}Connection: close\r\n\r\n`,
    ];
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.end(requests.join(''));
    let text = '';
    for await (const chunk of socket) text += chunk;
    expect([...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)).toEqual(['401', '200', '400']);
  });
});

it('the log of all these requests contains no secret', () => {
  const log = platform.log();
  expect(log).toContain('token.issued');
  for (const secret of [sk, other.sk, authorization.slice(6), ...token.split('.')]) expect(log).not.toContain(secret);
});
