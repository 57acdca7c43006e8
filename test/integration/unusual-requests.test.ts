/**
 * Unusual requests to every listener of a running operator, sent as raw bytes. Each response has an ID and exactly one log
 * line. The operator has no cluster, which none of these paths needs.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OperatorProcess, startOperator } from '../../tools/operator-process.ts';
import { configurationFile } from '../support/cluster.ts';

const listeners = { API: '/openapi.json', console: '/login', health: '/healthz', metrics: '/metrics' } as const;
type Listener = keyof typeof listeners;

const kubeconfig = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'a',
  contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
  clusters: [{ name: 'a', cluster: { server: 'http://127.0.0.1:1' } }],
  users: [{ name: 'a', user: { token: 'a' } }],
});

let operator: OperatorProcess;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'unusual-requests-'));
  const files = { kubeconfig, config: configurationFile({ log: { level: 'debug' } }) };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  operator = await startOperator(Object.keys(files).flatMap((name) => [`--${name}`, join(directory, name)]));
});
afterAll(async () => {
  await operator?.stop('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

/** Sends bytes and returns everything until the server closes the connection. */
async function send(listener: Listener, bytes: string): Promise<string> {
  const isHealth = listener === 'health' || listener === 'metrics';
  const { hostname, port } = new URL(isHealth ? operator.healthUrl : operator.url);
  const socket = connect(Number(port), hostname);
  // Half-closed: the server still responds.
  socket.end(bytes, 'latin1');
  let text = '';
  try {
    for await (const chunk of socket) text += chunk.toString('latin1');
  } catch (error) {
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  }
  return text;
}

const statusesIn = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

/** Expects exactly one log line, with the status, for the ID of each response. */
async function expectLogged(text: string): Promise<void> {
  const ids = [...text.matchAll(/^x-request-id: (.*)$/gim)].map(([, id = '']) => id.trim());
  const statuses = statusesIn(text).filter((status) => status !== 100);
  const logged = () =>
    ids.map((id) => operator.output.filter((line) => line.includes(id)).map((line) => JSON.parse(line).status));
  await expect.poll(logged).toEqual(statuses.map((status) => [status]));
}

const close = 'Connection: close\r\n';
const host = 'Host: a\r\n';
const get = (target: string, more = '') => `GET ${target} HTTP/1.1\r\n${host}${close}${more}\r\n`;
const post = (path: string, more: string) => `POST ${path} HTTP/1.1\r\n${host}${close}${more}`;
const chunked = 'Transfer-Encoding: chunked\r\n';

type Case = readonly [name: string, bytes: (path: string) => string, ...statuses: number[]];

const requestLines: Case[] = [
  ['an absolute target', (path) => get(`http://b:81${path}`), 200],
  ['an absolute target with the scheme HTTP', (path) => get(`HTTP://a${path}`), 200],
  ['an absolute target of another scheme', (path) => get(`ftp://a${path}`), 400],
  ['an absolute target with credentials', (path) => get(`http://u:p@a${path}`), 400],
  ['a target without a slash', (path) => get(path.slice(1)), 400],
  ['a target of CONNECT', () => get('a:80'), 400],
  ['a double slash', (path) => get(`/${path}`), 404],
  ['an encoded dot segment', (path) => get(`/x/%2e%2e${path}`), 400],
  ['an encoded slash', (path) => get(`/x%2f..${path}`), 404],
  ['an encoded NUL', (path) => get(`${path}%00`), 404],
  ['an encoded letter', (path) => get(path.replace('/', '/%').replace(/%(.)/, (_, one) => escapeOf(one))), 200],
  ['path parameters', (path) => get(`${path};a=b`), 404],
  ['an invalid escape', (path) => get(`${path}%zz`), 404],
  ['a fragment', (path) => get(`${path}#a`), 400],
  ['a space in the target', (path) => get(`${path} a`), 400],
  ['UTF-8 in the target', (path) => get(`${path}\xc3\xa9`), 400],
  ['a path of 15,000 characters', (path) => get(`${path}/${'x'.repeat(15_000)}`), 404],
  ['a path of 20,000 characters', (path) => get(`${path}/${'x'.repeat(20_000)}`), 431],
  ['a method in lower case', (path) => get(path).replace('GET', 'get'), 501],
  ['an unknown method', (path) => get(path).replace('GET', 'FOO'), 501],
  ...['PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'].map(
    (method): Case => [`the method ${method}`, (path) => get(path).replace('GET', method), 405],
  ),
  ['the method HEAD', (path) => get(path).replace('GET', 'HEAD'), 200],
  ['the method OPTIONS', (path) => get(path).replace('GET', 'OPTIONS'), 204],
  ['OPTIONS *', () => `OPTIONS * HTTP/1.1\r\n${host}${close}\r\n`, 204],
  ['CONNECT', () => 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', 405],
  ['HTTP/0.9', (path) => `GET ${path}\r\n`, 400],
  ['HTTP/1.0 without Host', (path) => `GET ${path} HTTP/1.0\r\n\r\n`, 200],
  ['HTTP/2.0 in the syntax of HTTP/1.1', (path) => `GET ${path} HTTP/2.0\r\n${host}\r\n`, 505],
  ['the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['the start of TLS', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc', 400],
  ['another protocol', () => 'SSH-2.0-x\r\n', 400],
  ['empty lines before the request', (path) => `\r\n\r\n${get(path)}`, 200],
];

const escapeOf = (letter: string) => `%${letter.charCodeAt(0).toString(16)}`;

const headers: Case[] = [
  ['Expect: 100-continue', (path) => get(path, 'Expect: 100-continue\r\n'), 100, 200],
  ['another Expect', (path) => get(path, 'Expect: a\r\n'), 417],
  ['Range', (path) => get(path, 'Range: bytes=0-1\r\n'), 200],
  ['If-Modified-Since', (path) => get(path, 'If-Modified-Since: Sun, 01 Jan 2100 00:00:00 GMT\r\n'), 200],
  ['Connection: close, te', (path) => get(path, 'Connection: te\r\nTE: trailers\r\n'), 200],
  ['Upgrade: h2c', (path) => get(path, 'Connection: upgrade\r\nUpgrade: h2c\r\n'), 200],
  ['a folded header', (path) => get(path, 'X-A: b\r\n c\r\n'), 400],
  ['a bare CR', (path) => get(path, 'X-A: b\rc\r\n'), 400],
  ['NUL', (path) => get(path, 'X-A: b\0c\r\n'), 400],
  ['UTF-8', (path) => get(path, 'X-A: \xc3\xa9\r\n'), 200],
  ['an empty name', (path) => get(path, ': a\r\n'), 400],
  ['a space before the colon', (path) => get(path, 'X-A : b\r\n'), 400],
  ['bare LF', (path) => get(path).replaceAll('\r\n', '\n'), 400],
  ['1,000 headers', (path) => get(path, 'a:\r\n'.repeat(1_000)), 431],
  ['Cookie twice', (path) => get(path, 'Cookie: a=b\r\nCookie: accesskey-session=1.x\r\n'), 200],
  ['Accept: image/png', (path) => get(path, 'Accept: image/png\r\n'), 200],
  ['Accept-Encoding without identity', (path) => get(path, 'Accept-Encoding: identity;q=0, *;q=0\r\n'), 200],
  ...['[::1]:80', '[::ffff:1.2.3.4]:8080', '[2001:0DB8::1]', 'a:0', 'a:', 'EXAMPLE.com'].map(
    (value): Case => [`Host: ${value}`, (path) => get(path).replace(host, `Host: ${value}\r\n`), 200],
  ),
  ...['[::1', 'a:99999', 'u@a', 'a b', 'a/b', '*', '[::1%25eth0]', '\xc3\xa4'].map(
    (value): Case => [`Host: ${value}`, (path) => get(path).replace(host, `Host: ${value}\r\n`), 400],
  ),
];

const bodies: Case[] = [
  ['a body of GET', (path) => `${get(path, 'Content-Length: 3\r\n')}abc`, 200],
  ['chunks and trailers of GET', (path) => `${get(path, chunked)}1\r\na\r\n0\r\nX-A: b\r\n\r\n`, 200],
  ['a long chunk extension', (path) => post(path, `${chunked}\r\n1;${'x'.repeat(20_000)}\r\na\r\n0\r\n\r\n`), 400],
  ['long trailers', (path) => post(path, `${chunked}\r\n0\r\nX-A: ${'b'.repeat(20_000)}\r\n\r\n`), 431],
  ['a chunk of 2^68 bytes', (path) => post(path, `${chunked}\r\nfffffffffffffffff\r\na`), 400],
  ['a negative Content-Length', (path) => post(path, 'Content-Length: -1\r\n\r\n'), 400],
  ['two values of Content-Length', (path) => post(path, 'Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc'), 400],
  ['Content-Length and chunks', (path) => post(path, `Content-Length: 3\r\n${chunked}\r\n0\r\n\r\n`), 400],
  ['Transfer-Encoding: gzip', (path) => get(path, 'Transfer-Encoding: gzip\r\n'), 501],
];

const connections: Case[] = [
  ['an invalid request between two', (path) => pipelined(path, 'GET / HTTP/1.1\r\n\r\n'), 200, 400],
  ['garbage between two requests', (path) => pipelined(path, 'GARBAGE\r\n\r\n'), 200, 400],
  ['a request after the last one', (path) => get(path) + get(path), 200],
];
const pipelined = (path: string, middle: string) => get(path).replace(close, '') + middle + get(path);

const cases = [...requestLines, ...headers, ...bodies, ...connections].map(([name, bytes, ...statuses]) => ({
  name,
  bytes,
  statuses,
}));

describe.each(Object.keys(listeners) as Listener[])('%s', (listener) => {
  test.each(cases)('$name', async ({ bytes, statuses }) => {
    const text = await send(listener, bytes(listeners[listener]));
    expect(statusesIn(text)).toEqual(statuses);
    await expectLogged(text);
  });
});

test('nothing else than the log is written, and no error', () => {
  const levels = operator.output.map((line) => JSON.parse(line).level as number);
  expect(Math.max(...levels)).toBeLessThan(50);
});
