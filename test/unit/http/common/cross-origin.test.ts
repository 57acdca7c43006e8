import { beforeAll, describe, expect, it } from 'vitest';
import { ak, createPlatform, deploymentsPath, sk, tokenPaths } from '../support.ts';

const [tokenPath] = tokenPaths;
const origin = 'https://console.example.org';
const allowedOrigins = [origin, 'http://localhost:3000'];
const preflight = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' };

/** The CORS headers of a response. */
function corsOf({ headers }: { headers: Headers }): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));
}

let token: string;
beforeAll(async () => {
  token = await (await createPlatform()).token();
});

describe('with allowed origins', () => {
  it.each([
    ['a token', `${tokenPath}?ak=${ak}&sk=${sk}`, 200],
    ['a listing', deploymentsPath, 200],
    ['an invalid parameter', `${deploymentsPath}?page=0`, 400],
    ['an unknown user', '/apis/ghippo.io/v1alpha1/users/x', 404],
    ['an unknown path', '/apis/x', 404],
    ['an error of OAuth 2.0', '/oauth2/token', 405],
  ])('allows reading %s', async (_, path, status) => {
    const { get } = await createPlatform({ allowedOrigins });
    const answer = await get(path, { origin, authorization: `Bearer ${token}` });
    expect(answer.status).toBe(status);
    expect(corsOf(answer)).toEqual({
      'access-control-allow-origin': origin,
      'access-control-expose-headers':
        'Age, Allow, Cache-Status, ETag, Kubernetes-Resource-Version, Retry-After, Unavailable-Clusters, WWW-Authenticate, ' +
        'X-Request-Id',
    });
    expect(answer.headers.get('Vary')?.split(', ')).toContain('Origin');
  });

  it('allows reading a 304', async () => {
    const { get } = await createPlatform({ allowedOrigins });
    const headers = { origin, authorization: `Bearer ${token}` };
    const tag = (await get(deploymentsPath, headers)).headers.get('ETag') ?? '';
    const answer = await get(deploymentsPath, { ...headers, 'if-none-match': tag });
    expect([answer.status, answer.headers.get('Access-Control-Allow-Origin')]).toEqual([304, origin]);
    expect(answer.headers.get('Vary')).toBe('Accept-Encoding, Origin');
  });

  it.each([
    [deploymentsPath, 'GET, HEAD'],
    [tokenPath, 'GET, HEAD, POST'],
    ['/oauth2/token', 'POST'],
  ])('allows the methods and headers of %s in a preflight response', async (path, methods) => {
    const { get, logged } = await createPlatform({ allowedOrigins });
    const answer = await get(path, { origin, ...preflight }, 'OPTIONS');
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(corsOf(answer)).toEqual({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': methods,
      'access-control-allow-headers': 'Authorization, Content-Type, If-None-Match',
      'access-control-max-age': '600',
    });
    expect(logged()).toHaveLength(1);
  });

  it('returns 404 for a preflight of an unknown path', async () => {
    const { get } = await createPlatform({ allowedOrigins });
    const answer = await get('/apis/x', { origin, ...preflight }, 'OPTIONS');
    expect(answer.status).toBe(404);
  });

  it.each([
    ['https://evil.example'],
    ['https://console.example.org.evil.example'],
    ['http://console.example.org'],
    ['https://console.example.org:8443'],
    ['null'],
    ['*'],
    [''],
  ])('does not allow the origin %j', async (other) => {
    const { get } = await createPlatform({ allowedOrigins });
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await get(deploymentsPath, { origin: other, ...preflight }, method);
      expect(corsOf(answer)).toEqual({});
      expect(answer.headers.get('Vary')?.split(', ')).toContain('Origin');
    }
  });

  it('adds Vary: Origin to responses without an origin', async () => {
    const { get } = await createPlatform({ allowedOrigins });
    const answer = await get('/.well-known/jwks.json');
    expect([corsOf(answer), answer.headers.get('Vary')]).toEqual([{}, 'Accept-Encoding, Origin']);
  });
});

describe('with * as allowed origin', () => {
  it('allows every origin, without credentials', async () => {
    const { get } = await createPlatform({ allowedOrigins: ['*'] });
    const answer = await get(deploymentsPath, { origin: 'https://any.example', authorization: `Bearer ${token}` });
    expect(corsOf(answer)).toMatchObject({ 'access-control-allow-origin': '*' });
    expect(corsOf(answer)).not.toHaveProperty('access-control-allow-credentials');
    expect(answer.headers.get('Vary')).toBe('Accept-Encoding');
  });
});

describe('by default', () => {
  it.each(['GET', 'OPTIONS'])('allows no other origin: %s', async (method) => {
    const { get } = await createPlatform();
    expect(corsOf(await get(deploymentsPath, { origin, ...preflight }, method))).toEqual({});
  });
});
