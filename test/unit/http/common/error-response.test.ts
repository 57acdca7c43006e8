import { describe, expect, it } from 'vitest';
import { createPlatform, deploymentsPath, tokenPaths } from '../support.ts';

const [tokenPath] = tokenPaths;
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;

describe('an unknown path', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/token'],
    ['GET', `${tokenPath}/`],
    ['GET', `/${tokenPath}`],
    ['GET', `${deploymentsPath}/web`],
    ['GET', deploymentsPath.replace('here/', '')],
    ['GET', '/%'],
    ['GET', '/%ff%fe'],
  ])('%s %s returns 404 in the format of the platform', async (method, path) => {
    const { get, logged } = await createPlatform();
    const answer = await get(path, {}, method);
    expect(answer.status).toBe(404);
    expect(answer.json()).toEqual({ code: 5, message: 'path not found', details: [] });
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(answer.headers.get('X-Request-Id')).toMatch(uuid);
    expect(logged()).toMatchObject([{ method, status: 404 }]);
  });
});
