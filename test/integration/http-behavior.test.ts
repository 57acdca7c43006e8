/** HTTP of a real operator: methods, caching, compression and CORS, checked on the wire where it matters. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  accessKeyManifest,
  createNamespace,
  createPair,
  deploymentsPath,
  getToken,
  type Pair,
  tokenPath,
} from '../support/platform.ts';

const origin = 'https://console.example.org';

let cluster: TestCluster;
let operator: OperatorProcess;
let pair: Pair;
let token: string;

beforeAll(async () => {
  cluster = await startTestCluster({ workloads: true });
  const http = { address: '127.0.0.1', port: 0, plain: true, cors: { allowedOrigins: [origin] } };
  operator = await cluster.startOperator({ http });
  const { kubectl } = cluster;
  await createNamespace(kubectl, 'people');
  await kubectl.run(['create', 'clusterrolebinding', 'alice', '--clusterrole=view', '--user=alice']);
  await kubectl.run(['create', 'deployment', 'web', '-n', 'people', '--image=nginx', '--replicas=2']);
  await kubectl.run(['rollout', 'status', 'deployment/web', '-n', 'people', '--timeout=60s']);
  pair = await createPair(kubectl, accessKeyManifest('people', 'alice'));
  token = await getToken(operator.url, pair);
});
afterAll(() => cluster?.stop());

/** The raw response, before fetch processes it. */
async function send(method: string, path: string, headers: Record<string, string> = {}) {
  const { hostname, port } = new URL(operator.url);
  const socket = connect(Number(port), hostname);
  const lines = Object.entries({ Host: 'operator', Connection: 'close', ...headers });
  socket.write([`${method} ${path} HTTP/1.1`, ...lines.map((line) => line.join(': ')), '', ''].join('\r\n'));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'close');
  const all = Buffer.concat(chunks);
  const end = all.indexOf('\r\n\r\n');
  const [first = '', ...rest] = all.subarray(0, end).toString().split('\r\n');
  const named = rest.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]);
  return {
    status: Number(first.split(' ')[1]),
    headers: Object.fromEntries(named) as Record<string, string | undefined>,
    body: all.subarray(end + 4),
  };
}

type Answer = Awaited<ReturnType<typeof send>>;

/** Two responses for the same state of the cluster: repeats both requests until the ETags are equal. */
async function sendBoth(first: () => Promise<Answer>, second: () => Promise<Answer>): Promise<[Answer, Answer]> {
  for (const _ of Array(20).keys()) {
    const answers: [Answer, Answer] = [await first(), await second()];
    if (answers[0].headers.etag === answers[1].headers.etag) return answers;
  }
  throw new Error('the ETags of the two answers never agreed');
}

const authorized = (headers: Record<string, string> = {}) => ({ Authorization: `Bearer ${token}`, ...headers });

describe('a listing', () => {
  test('is answered with 304 until something changes', async () => {
    const first = await send('GET', deploymentsPath, authorized());
    expect([first.status, first.headers['cache-control']]).toEqual([200, 'private, no-cache']);
    const known = authorized({ 'If-None-Match': first.headers.etag ?? '' });
    const second = await send('GET', deploymentsPath, known);
    expect([second.status, second.body.length, second.headers.etag]).toEqual([304, 0, first.headers.etag]);
    await cluster.kubectl.run(['scale', 'deployment/web', '-n', 'people', '--replicas=0']);
    await expect.poll(async () => (await send('GET', deploymentsPath, known)).status).toBe(200);
  });

  test('is compressed on the wire and has a Content-Length', async () => {
    const [plain, compressed] = await sendBoth(
      () => send('GET', deploymentsPath, authorized()),
      () => send('GET', deploymentsPath, authorized({ 'Accept-Encoding': 'gzip' })),
    );
    expect(plain.headers.etag).toMatch(/^W?\/?"/);
    expect(compressed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding, Origin' });
    expect(compressed.headers['content-length']).toBe(String(compressed.body.length));
    expect(gunzipSync(compressed.body)).toEqual(plain.body);
  });
});

describe('methods', () => {
  test.each([deploymentsPath, '/.well-known/jwks.json', '/apis/ghippo.io/v1alpha1/current-user'])(
    'HEAD %s is GET without the body',
    async (path) => {
      const [get, head] = await sendBoth(
        () => send('GET', path, authorized()),
        () => send('HEAD', path, authorized()),
      );
      expect([head.status, head.body.length]).toEqual([200, 0]);
      for (const name of ['etag', 'cache-control', 'content-type', 'vary']) {
        expect([name, head.headers[name]]).toEqual([name, get.headers[name]]);
      }
    },
  );

  test('HEAD of a token applies the same checks as GET', async () => {
    const { ak, sk } = pair;
    expect((await send('HEAD', `${tokenPath}?ak=${ak}&sk=${ak}`)).status).toBe(401);
    const head = await send('HEAD', `${tokenPath}?ak=${ak}&sk=${sk}`);
    expect([head.status, head.body.length, head.headers['cache-control']]).toEqual([200, 0, 'no-store']);
  });

  test.each(['PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'])(
    '%s returns 405 with the allowed methods',
    async (method) => {
      const answer = await send(method, deploymentsPath);
      expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD']);
      expect(JSON.parse(answer.body.toString())).toEqual({
        code: 12,
        message: 'method not allowed, must be GET, HEAD',
        details: [],
      });
    },
  );

  test.each([
    ['/', 'GET, HEAD'],
    ['/login', 'GET, HEAD, POST'],
    ['/docs', 'GET, HEAD'],
  ])('DELETE of the page %s is rejected', async (path, allow) => {
    const answer = await send('DELETE', path);
    expect([answer.status, answer.headers.allow]).toEqual([405, allow]);
  });

  test('OPTIONS lists the allowed methods', async () => {
    const answer = await send('OPTIONS', tokenPath);
    expect([answer.status, answer.headers.allow, answer.body.length]).toEqual([204, 'GET, HEAD, POST', 0]);
  });

  test.each([`${deploymentsPath}/`, '/docs/', '/apis', '/nothing?x=1'])('%s is not found', async (path) => {
    const answer = await send('GET', path, authorized());
    expect([answer.status, JSON.parse(answer.body.toString()).code]).toEqual([404, 5]);
  });

  test('each request is one log line, with or without a body', async () => {
    const preflight = { Origin: origin, 'Access-Control-Request-Method': 'GET' };
    const answers = [
      await send('GET', deploymentsPath, authorized({ 'If-None-Match': '*' })),
      await send('GET', deploymentsPath, authorized({ 'Accept-Encoding': 'gzip' })),
      await send('HEAD', deploymentsPath, authorized()),
      await send('OPTIONS', deploymentsPath, preflight),
      await send('DELETE', deploymentsPath),
    ];
    const statuses = () =>
      answers.map(({ headers }) =>
        operator.output
          .filter((line) => line.includes(String(headers['x-request-id'])))
          .map((line) => JSON.parse(line).status),
      );
    await expect.poll(statuses).toEqual([[304], [200], [200], [204], [405]]);
  });
});

describe('other origins', () => {
  test('an allowed origin may send a token and read the response', async () => {
    const asked = { Origin: origin, 'Access-Control-Request-Method': 'GET' };
    const preflight = await send('OPTIONS', deploymentsPath, asked);
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': 'Authorization, Content-Type, If-None-Match',
    });
    const answer = await send('GET', deploymentsPath, authorized({ Origin: origin }));
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, origin]);
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  test('any other origin may not', async () => {
    const answer = await send('GET', deploymentsPath, authorized({ Origin: 'https://evil.example' }));
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});
