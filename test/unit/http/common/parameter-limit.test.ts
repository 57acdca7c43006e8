import { describe, expect, it } from 'vitest';
import { countParameters, maxParameters } from '../../../../src/http/common/parameter-limit.ts';
import { createPlatform, deploymentsPath, form, tokenPaths } from '../support.ts';

const [tokenPath] = tokenPaths;
const many = 'a&'.repeat(maxParameters);

describe('a request with too many parameters', () => {
  it.each<[string, string, RequestInit, string]>([
    ['a query', `${tokenPath}?${many}`, {}, 'query'],
    ['a query of the listing', `${deploymentsPath}?${many}`, {}, 'query'],
    ['a query of an unknown path', `/nothing-here?${many}`, {}, 'query'],
    ['a form', tokenPath, { ...form(''), body: many }, 'body'],
    ['a form of OAuth 2.0', '/oauth2/token', { ...form(''), body: many }, 'body'],
  ])('is rejected: %s', async (_, path, init, field) => {
    const { send } = await createPlatform();
    const { status, text } = await send(path, init);
    expect(status).toBe(400);
    expect(text).toContain(`${field}: must have ${maxParameters} parameters at most`);
  });

  it('is not rejected before the limit', async () => {
    const { send } = await createPlatform();
    const { text } = await send(tokenPath, { ...form(''), body: many.slice(0, -1) });
    expect(text).toContain('a: unknown parameter');
  });
});

describe('a query that is not percent-encoded UTF-8', () => {
  it.each([`${tokenPath}?ak=%e2%82`, `${tokenPath}?ak=%zz`, `${deploymentsPath}?name=%ff`])(
    'is rejected: %s',
    async (path) => {
      const { get } = await createPlatform();
      const { status, text } = await get(path);
      expect([status, text]).toEqual([400, expect.stringContaining('query: must be percent-encoded UTF-8')]);
    },
  );

  it('is accepted by forward-auth, which accepts the URL of any request', async () => {
    const { get } = await createPlatform();
    expect((await get(`/oauth2/auth/%ff?${many}`)).status).toBe(401);
  });
});

describe('countParameters', () => {
  it.each([
    ['', 1],
    ['a=1', 1],
    ['a=1&b=2', 2],
    ['a&&', 3],
  ])('%j has %i', (text, count) => {
    expect(countParameters(text)).toBe(count);
  });
});
