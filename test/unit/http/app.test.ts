import { beforeAll, describe, expect, it } from 'vitest';
import { keyPair } from '../../support/builders.ts';
import { ak, createPlatform, deploymentsPath, failing, keyPaths, sk, tokenPaths } from './support.ts';

const [tokenPath] = tokenPaths;
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
const secretUuid = keyPair(77).sk;

let token: string;
beforeAll(async () => {
  token = await (await createPlatform()).token();
});

describe('a path where nothing is', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/token'],
    ['GET', `${tokenPath}/`],
    ['GET', `/${tokenPath}`],
    ['GET', `${deploymentsPath}/web`],
    ['GET', deploymentsPath.replace('here/', '')],
    ['GET', '/%'],
    ['GET', '/%ff%fe'],
  ])('%s %s answers 404 in the form of the platform', async (method, path) => {
    const { get, logged } = await createPlatform();
    const answer = await get(path, {}, method);
    expect(answer.status).toBe(404);
    expect(answer.json()).toEqual({ code: 5, message: 'path not found', details: [] });
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(answer.headers.get('X-Request-Id')).toMatch(uuid);
    expect(logged()).toMatchObject([{ method, status: 404 }]);
  });
});

describe('a method that a path does not have', () => {
  it.each([
    ['PUT', tokenPath, 'GET, HEAD, POST'],
    ['DELETE', tokenPaths[1], 'GET, HEAD, POST'],
    ['DELETE', keyPaths[0], 'GET, HEAD'],
    ['POST', '/.well-known/openid-configuration', 'GET, HEAD'],
  ])('%s %s answers 405 and says which there are', async (method, path, allow) => {
    const { get, logged } = await createPlatform();
    const answer = await get(path, {}, method);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('Allow')).toBe(allow);
    expect(answer.json()).toEqual({ code: 12, message: `method not allowed, must be ${allow}`, details: [] });
    expect(logged()).toMatchObject([{ method, status: 405, route: path }]);
  });

  it.each(['GET', 'HEAD', 'PUT'])('%s of an endpoint of OAuth 2.0 is refused in its form', async (method) => {
    const { get } = await createPlatform();
    const answer = await get('/oauth2/token', {}, method);
    expect([answer.status, answer.headers.get('Allow')]).toEqual([405, 'POST']);
    expect(answer.text).toBe(
      method === 'HEAD' ? '' : '{"error":"invalid_request","error_description":"method not allowed, must be POST"}',
    );
  });
});

/** One request of each kind of answer, with what a caller could have put where. */
const requests: [string, number, string, Record<string, string>?][] = [
  ['a token', 200, `${tokenPath}?ak=${ak}&sk=${sk}`],
  ['a token, the former path', 200, `${tokenPaths[1]}?ak=${ak}&sk=${sk}&cycle=2`],
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
  ['the pair as Basic', 401, deploymentsPath, { authorization: `Basic ${btoa(`${ak}:${sk}`)}` }],
  ['the token in the query', 400, `${deploymentsPath}?token=TOKEN`],
  ['ids of the caller', 200, keyPaths[1], { 'x-request-id': sk, traceparent: sk, 'user-agent': sk, cookie: `s=${sk}` }],
];

describe.each(requests)('%s', (_, status, path, headers = {}) => {
  const withToken = (text: string) => text.replace('TOKEN', token);

  it(`answers ${status} with a request id of ours, and logs one line with it`, async () => {
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

  it('leaves no secret in the log', async () => {
    const { get, log } = await createPlatform();
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, withToken(value)]));
    const answer = await get(withToken(path), sent);
    const given = status === 200 && path.includes('sk=') ? [answer.json<{ token: string }>().token] : [];
    const text = log().toLowerCase();
    const secrets = [sk, secretUuid, sk.replaceAll('-', ''), btoa(`${ak}:${sk}`), token, ...given];
    for (const secret of secrets) expect(text).not.toContain(secret.toLowerCase());
    for (const part of [...token.split('.'), ...given.flatMap((one) => one.split('.'))]) {
      expect(text).not.toContain(part.toLowerCase());
    }
  });
});

describe('the log line', () => {
  it('of a token names the pair, the user and until when', async () => {
    const { get, logged } = await createPlatform();
    await get(`${tokenPath}?ak=${ak}&sk=${sk}`);
    expect(logged()).toMatchObject([{ route: tokenPath, ak, user: 'ann', expires: 1_767_484_800 }]);
  });

  it('of an unknown ak does not repeat it', async () => {
    const { get, logged } = await createPlatform();
    await get(`${tokenPath}?ak=${secretUuid}&sk=${sk}`);
    expect(logged()).toMatchObject([{ refused: 'unknown access key' }]);
    expect(logged()[0]).not.toHaveProperty('ak');
  });

  it('of a listing names the user and the route', async () => {
    const { list, logged } = await createPlatform();
    await list('?page=1', token);
    expect(logged()).toMatchObject([{ route: '/apis/kpanda.io/v1alpha1/clusters/:cluster/deployments', user: 'ann' }]);
  });

  it('of a failure says what it was', async () => {
    const { list, logged } = await createPlatform({ cluster: { authorizer: failing(new Error('a bug')) } });
    await list('', token);
    expect(logged()).toMatchObject([{ status: 500, error: 'a bug', user: 'ann' }]);
  });

  it.each([
    ['a UUID', secretUuid],
    ['a UUID in capitals', secretUuid.toUpperCase()],
    ['a UUID that is percent-encoded', secretUuid.replaceAll('-', '%2D')],
    ['a UUID whose every character is percent-encoded', Buffer.from(secretUuid).toString('hex').replace(/../g, '%$&')],
    ['a UUID in Base64', btoa(secretUuid)],
    ['a UUID in reverse', [...secretUuid].reverse().join('')],
    ['a very long path', 'x'.repeat(10_000)],
  ])('holds nothing of a path where nothing is: %s', async (_, part) => {
    const { get, logged, log } = await createPlatform();
    await get(`/begin/${part}/end`);
    expect(logged()).toMatchObject([{ status: 404, route: '/*' }]);
    expect(logged()[0]).not.toHaveProperty('path');
    for (const piece of ['begin', part.slice(0, 12), part.slice(-12), secretUuid.slice(-12)]) {
      expect(log()).not.toContain(piece);
    }
  });

  it('holds nothing of what stands for a parameter of the path', async () => {
    const { get, log } = await createPlatform();
    await get(deploymentsPath.replace('here', secretUuid.replaceAll('-', '%2D')));
    expect(log()).not.toContain(secretUuid.slice(-12));
  });

  it('is one line whatever is in the path', async () => {
    const { get, log } = await createPlatform();
    await get('/a%0A{"level":60,"msg":"forged"}');
    expect(log().trimEnd().split('\n')).toHaveLength(1);
  });

  it('has another id each time', async () => {
    const { get, logged } = await createPlatform();
    await get('/');
    await get('/');
    expect(new Set(logged().map((line) => line.requestId)).size).toBe(2);
  });
});

describe('HEAD', () => {
  it('answers as GET does, without the body', async () => {
    const { get } = await createPlatform();
    const answer = await get(keyPaths[0], {}, 'HEAD');
    expect([answer.status, answer.text, answer.headers.get('Cache-Control')]).toEqual([200, '', 'public, max-age=300']);
  });
});

it('the OpenAPI document has the endpoints under the paths where they answer', async () => {
  const { app } = await createPlatform();
  const { paths = {} } = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'test', version: '1' } });
  const documented = Object.entries(paths).map(([path, methods]) => `${path} ${Object.keys(methods ?? {})}`);
  for (const path of tokenPaths) expect(documented).toContain(`${path} get,post`);
  expect(documented).toContain('/oauth2/token post');
  expect(documented).toContain('/oauth2/introspect post');
});
