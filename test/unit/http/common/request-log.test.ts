import { beforeAll, describe, expect, it } from 'vitest';
import type { CompletedRequest } from '../../../../src/http/common/dependencies.ts';
import { keyPair } from '../../../support/builders.ts';
import { ak, createPlatform, deploymentsPath, failing, keyPaths, sk, tokenPaths } from '../support.ts';

const [tokenPath] = tokenPaths;
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
const secretUuid = keyPair(77).sk;

let token: string;
beforeAll(async () => {
  token = await (await createPlatform()).token();
});

describe('the metrics', () => {
  it('record the route pattern and the status, also of unknown paths', async () => {
    const completed: CompletedRequest[] = [];
    const { get } = await createPlatform({ httpMetrics: { completed: (request) => void completed.push(request) } });
    await get(`${tokenPaths[0]}?ak=${ak}&sk=${sk}`);
    await get(deploymentsPath);
    await get(`/apis/${sk}`);
    await get('/oauth2/nowhere');
    expect(completed.map(({ route, status }) => [route, status])).toEqual([
      [tokenPaths[0], 200],
      [deploymentsPath.replace('here', ':cluster'), 401],
      ['/*', 404],
      ['/*', 404],
    ]);
    for (const { seconds } of completed) expect(seconds).toBeGreaterThan(0);
  });
});

/** Requests with secrets in all places. */
const requests: [string, number, string, Record<string, string>?][] = [
  ['a token', 200, `${tokenPath}?ak=${ak}&sk=${sk}`],
  ['a token, at the previous path', 200, `${tokenPaths[1]}?ak=${ak}&sk=${sk}&cycle=2`],
  ['the keys', 200, keyPaths[0]],
  ['the sk in place of the ak', 401, `${tokenPath}?ak=${sk}&sk=${sk}`],
  ['an unknown UUID as ak', 401, `${tokenPath}?ak=${secretUuid}&sk=${sk}`],
  ['a wrong sk', 401, `${tokenPath}?ak=${ak}&sk=${secretUuid}`],
  ['the sk as cycle', 400, `${tokenPath}?ak=${ak}&sk=${sk}&cycle=${sk}`],
  ['the sk as the name of a parameter', 400, `${tokenPath}?${sk}=1&${secretUuid}`],
  ['the sk in the path', 404, `/apis/${sk}/${secretUuid}?sk=${sk}`],
  ['the sk in the path in capitals', 404, `/apis/${sk.toUpperCase()}`],
  ['the sk in the path without hyphens', 404, `/apis/${sk.replaceAll('-', '')}`],
  ['the sk as the name of the cluster', 401, deploymentsPath.replace('here', sk)],
  ['a listing', 200, deploymentsPath, { authorization: 'Bearer TOKEN' }],
  ['a listing of another cluster', 404, deploymentsPath.replace('here', sk), { authorization: 'Bearer TOKEN' }],
  ['the sk as bearer token', 401, deploymentsPath, { authorization: `Bearer ${sk}` }],
  ['the key pair as Basic', 401, deploymentsPath, { authorization: `Basic ${btoa(`${ak}:${sk}`)}` }],
  ['the token in the query', 401, `${deploymentsPath}?token=TOKEN`],
  [
    'a request ID of the client',
    200,
    keyPaths[1],
    { 'x-request-id': sk, traceparent: sk, 'user-agent': sk, cookie: `s=${sk}` },
  ],
];

describe.each(requests)('%s', (_, status, path, headers = {}) => {
  const withToken = (text: string) => text.replace('TOKEN', token);

  it(`returns ${status} with a generated request ID and logs one line with it`, async () => {
    const { get, logged } = await createPlatform();
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, withToken(value)]));
    const answer = await get(withToken(path), sent);
    expect(answer.status).toBe(status);
    const requestId = answer.headers.get('X-Request-Id');
    expect(requestId).toMatch(uuid);
    expect(requestId).not.toBe(sk);
    expect(logged()).toMatchObject([{ requestId, method: 'GET', status, msg: 'request' }]);
    expect(logged()).toHaveLength(1);
  });

  it('logs no secret', async () => {
    const { get, log } = await createPlatform();
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, withToken(value)]));
    const answer = await get(withToken(path), sent);
    const issued = status === 200 && path.includes('sk=') ? [answer.json<{ token: string }>().token] : [];
    const text = log().toLowerCase();
    const secrets = [sk, secretUuid, sk.replaceAll('-', ''), btoa(`${ak}:${sk}`), token, ...issued];
    for (const secret of secrets) expect(text).not.toContain(secret.toLowerCase());
    for (const part of [...token.split('.'), ...issued.flatMap((one) => one.split('.'))]) {
      expect(text).not.toContain(part.toLowerCase());
    }
  });
});

describe('the log line', () => {
  it('contains the ak, the user and the expiry of a token', async () => {
    const { get, logged } = await createPlatform();
    await get(`${tokenPath}?ak=${ak}&sk=${sk}`);
    expect(logged()).toMatchObject([{ route: tokenPath, ak, user: 'ann', expires: 1_767_484_800 }]);
  });

  it('does not contain an unknown ak', async () => {
    const { get, logged } = await createPlatform();
    await get(`${tokenPath}?ak=${secretUuid}&sk=${sk}`);
    expect(logged()).toMatchObject([{ refused: 'unknown access key' }]);
    expect(logged()[0]).not.toHaveProperty('ak');
  });

  it('contains the user and the route of a listing', async () => {
    const { list, logged } = await createPlatform();
    await list('?page=1', token);
    expect(logged()).toMatchObject([{ route: '/apis/kpanda.io/v1alpha1/clusters/:cluster/deployments', user: 'ann' }]);
  });

  it('contains the type and the stack of an internal error, but not its message', async () => {
    const bug = new TypeError(`Failed to parse URL from http://10.0.0.256/?sk=${sk}`);
    const { list, logged, log } = await createPlatform({ cluster: { authorizer: failing(bug) } });
    await list('', token);
    const stack = expect.stringContaining('request-log.test.ts');
    expect(logged()).toMatchObject([{ status: 500, error: 'TypeError', stack, user: 'ann' }]);
    expect(log()).not.toContain(sk);
  });

  it.each([
    ['a UUID', secretUuid],
    ['a UUID in capitals', secretUuid.toUpperCase()],
    ['a UUID that is percent-encoded', secretUuid.replaceAll('-', '%2D')],
    ['a UUID whose every character is percent-encoded', Buffer.from(secretUuid).toString('hex').replace(/../g, '%$&')],
    ['a UUID in Base64', btoa(secretUuid)],
    ['a UUID in reverse', [...secretUuid].reverse().join('')],
    ['a very long path', 'x'.repeat(10_000)],
  ])('contains nothing of an unknown path: %s', async (_, part) => {
    const { get, logged, log } = await createPlatform();
    await get(`/begin/${part}/end`);
    expect(logged()).toMatchObject([{ status: 404, route: '/*' }]);
    expect(logged()[0]).not.toHaveProperty('path');
    for (const piece of ['begin', part.slice(0, 12), part.slice(-12), secretUuid.slice(-12)]) {
      expect(log()).not.toContain(piece);
    }
  });

  it('does not contain path parameters', async () => {
    const { get, log } = await createPlatform();
    await get(deploymentsPath.replace('here', secretUuid.replaceAll('-', '%2D')));
    expect(log()).not.toContain(secretUuid.slice(-12));
  });

  it('is a single line whatever the path contains', async () => {
    const { get, log } = await createPlatform();
    await get('/a%0A{"level":60,"msg":"forged"}');
    expect(log().trimEnd().split('\n')).toHaveLength(1);
  });

  it('has a different request ID for each request', async () => {
    const { get, logged } = await createPlatform();
    await get('/');
    await get('/');
    expect(new Set(logged().map((line) => line.requestId)).size).toBe(2);
  });
});
