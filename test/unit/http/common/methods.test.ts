import { describe, expect, it } from 'vitest';
import { createPlatform, deploymentsPath, keyPaths, tokenPaths } from '../support.ts';

const { app } = await createPlatform();
/** The methods of each path, without forward-auth, which accepts every method. */
const paths = Map.groupBy(
  app.routes.filter(({ method, path }) => method !== 'ALL' && !path.includes('*')),
  ({ path }) => path,
);

describe.each([...paths.keys()])('%s', (pattern) => {
  const methods = new Set(paths.get(pattern)?.map(({ method }) => method));
  const allow = [...methods].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  const path = pattern.replace(/:(\w+)/g, 'x');

  it('returns its methods for OPTIONS', async () => {
    const { get, logged } = await createPlatform();
    const answer = await get(path, {}, 'OPTIONS');
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers.get('Allow')?.split(', ')).toEqual(allow);
    expect(logged()).toMatchObject([{ method: 'OPTIONS', status: 204, route: pattern }]);
  });

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'])(
    'returns 405 for %s if not supported',
    async (method) => {
      const { get } = await createPlatform();
      const answer = await get(path, {}, method);
      if (allow.includes(method)) return expect(answer.status).not.toBe(405);
      expect([answer.status, answer.headers.get('Allow')]).toEqual([405, allow.join(', ')]);
      if (method === 'HEAD') return expect(answer.text).toBe('');
      const isOAuth = path.startsWith('/oauth2/');
      expect(answer.json<object>()).toMatchObject(isOAuth ? { error: 'invalid_request' } : { code: 12 });
    },
  );

  it('returns 404 with a trailing slash', async () => {
    const { get } = await createPlatform();
    expect((await get(`${path}/`)).status).toBe(404);
  });
});

it('tests all paths', () => {
  expect([...paths.keys()]).toContain(tokenPaths[0]);
  expect([...paths.keys()]).toContain(deploymentsPath.replace('here', ':cluster'));
});

describe('forward-auth', () => {
  it.each(['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE', 'PROPFIND'])(
    'requires authentication for %s',
    async (method) => {
      const { get } = await createPlatform({ allowedOrigins: ['*'] });
      const preflight = { origin: 'https://a.example', 'access-control-request-method': 'GET' };
      const answer = await get('/oauth2/auth/x', preflight, method);
      expect([answer.status, answer.headers.get('Access-Control-Allow-Origin')]).toEqual([401, null]);
    },
  );
});

describe('an unsupported method', () => {
  it.each([
    ['PUT', tokenPaths[0], 'GET, HEAD, POST'],
    ['DELETE', tokenPaths[1], 'GET, HEAD, POST'],
    ['DELETE', keyPaths[0], 'GET, HEAD'],
    ['POST', '/.well-known/openid-configuration', 'GET, HEAD'],
  ])('%s %s returns 405 with the supported methods', async (method, path, allow) => {
    const { get, logged } = await createPlatform();
    const answer = await get(path, {}, method);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('Allow')).toBe(allow);
    expect(answer.json()).toEqual({ code: 12, message: `method not allowed, must be ${allow}`, details: [] });
    expect(logged()).toMatchObject([{ method, status: 405, route: path }]);
  });

  it.each(['GET', 'HEAD', 'PUT'])('%s returns 405 in the format of OAuth 2.0', async (method) => {
    const { get } = await createPlatform();
    const answer = await get('/oauth2/token', {}, method);
    expect([answer.status, answer.headers.get('Allow')]).toEqual([405, 'POST']);
    expect(answer.text).toBe(
      method === 'HEAD' ? '' : '{"error":"invalid_request","error_description":"method not allowed, must be POST"}',
    );
  });
});

describe('HEAD', () => {
  it('returns the same as GET, without the body', async () => {
    const { get } = await createPlatform();
    const answer = await get(keyPaths[0], {}, 'HEAD');
    expect([answer.status, answer.text, answer.headers.get('Cache-Control')]).toEqual([200, '', 'public, max-age=300']);
  });
});
