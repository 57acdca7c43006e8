import { describe, expect, it } from 'vitest';
import { createPlatform, deploymentsPath, tokenPaths } from '../support.ts';

const { app } = await createPlatform();
/** Every path that a route has, and its methods; those of forward-auth take every method. */
const paths = Map.groupBy(
  app.routes.filter(({ method, path }) => method !== 'ALL' && !path.includes('*')),
  ({ path }) => path,
);

describe.each([...paths.keys()])('%s', (pattern) => {
  const methods = new Set(paths.get(pattern)?.map(({ method }) => method));
  const allow = [...methods].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  const path = pattern.replace(/:(\w+)/g, 'x');

  it('says by OPTIONS which methods it has', async () => {
    const { get, logged } = await createPlatform();
    const answer = await get(path, {}, 'OPTIONS');
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers.get('Allow')?.split(', ')).toEqual(allow);
    expect(logged()).toMatchObject([{ method: 'OPTIONS', status: 204, route: pattern }]);
  });

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'])(
    '%s is refused if it has no such',
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

  it('is another path with a slash at the end', async () => {
    const { get } = await createPlatform();
    expect((await get(`${path}/`)).status).toBe(404);
  });
});

it('there are such paths', () => {
  expect([...paths.keys()]).toContain(tokenPaths[0]);
  expect([...paths.keys()]).toContain(deploymentsPath.replace('here', ':cluster'));
});

describe('forward-auth', () => {
  it.each(['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE', 'PROPFIND'])(
    'asks who it is whatever the method: %s',
    async (method) => {
      const { get } = await createPlatform({ allowedOrigins: ['*'] });
      const preflight = { origin: 'https://a.example', 'access-control-request-method': 'GET' };
      const answer = await get('/oauth2/auth/x', preflight, method);
      expect([answer.status, answer.headers.get('Access-Control-Allow-Origin')]).toEqual([401, null]);
    },
  );
});
