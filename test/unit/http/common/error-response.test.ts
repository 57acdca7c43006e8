import { describe, expect, it } from 'vitest';
import { maxBodySize } from '../../../../src/http/common/incoming-body.ts';
import { createPlatform, deploymentsPath, form, tokenPaths } from '../support.ts';

const [tokenPath] = tokenPaths;
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;

describe('an unknown path', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/token'],
    ['GET', `${tokenPath}/`],
    ['GET', `/${tokenPath}`],
    ['GET', `${deploymentsPath}/web`],
    ['GET', deploymentsPath.replace('clusters/here/', '')],
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

const endpoints = ['/oauth2/token', '/oauth2/introspect'];
const oauth = { error: 'invalid_request', error_description: expect.stringMatching(/^[\x20-\x7e]+$/) };
const platform = { code: expect.any(Number), message: expect.any(String), details: expect.any(Array) };
const tooLarge = form({}, { 'content-length': String(maxBodySize + 1) });

async function answerTo(path: string, init: RequestInit) {
  const { send, logged } = await createPlatform();
  const answer = await send(path, init);
  expect(logged()).toMatchObject([{ status: answer.status }]);
  expect(answer.headers.get('Cache-Control')).toBe('no-store');
  return { status: answer.status, body: answer.json(), pragma: answer.headers.get('Pragma') };
}

describe.each(endpoints)('%s', (path) => {
  it.each<[number, string, RequestInit]>([
    [413, 'a Content-Length that is too large', tooLarge],
    [400, 'an unsupported media type', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }],
    [400, 'a body with a content coding', form({}, { 'content-encoding': 'gzip' })],
    [
      400,
      'a body in another charset',
      form({}, { 'content-type': 'application/x-www-form-urlencoded; charset=utf-16' }),
    ],
    [405, 'GET', {}],
    [405, 'DELETE', { method: 'DELETE' }],
  ])('returns %i in the format of OAuth 2.0 for %s', async (status, _, init) => {
    expect(await answerTo(path, init)).toEqual({ status, body: oauth, pragma: 'no-cache' });
  });

  it('returns 413 in the format of OAuth 2.0 for chunks that are too large', async () => {
    const body = new Blob([Buffer.alloc(maxBodySize + 1)]).stream();
    const answer = await answerTo(path, { method: 'POST', body, duplex: 'half' });
    expect(answer).toEqual({ status: 413, body: oauth, pragma: 'no-cache' });
  });

  it('returns 400 in the format of OAuth 2.0 for an incomplete body', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) });
    const answer = await answerTo(path, { method: 'POST', body, duplex: 'half' });
    expect(answer).toEqual({ status: 400, body: oauth, pragma: 'no-cache' });
  });
});

describe('an unknown path near /oauth2', () => {
  it.each(['/oauth2', '/oauth2/', '/oauth2/revoke', '/oauth2/token/x', '/oauth2/authorize/x'])(
    'returns 404 in the format of OAuth 2.0: %s',
    async (path) => {
      expect(await answerTo(path, form({}))).toEqual({ status: 404, body: oauth, pragma: 'no-cache' });
    },
  );

  it.each(['/oauth', '/oauth2token', '/x/oauth2/token'])(
    'returns 404 in the format of the platform: %s',
    async (path) => {
      expect(await answerTo(path, {})).toEqual({ status: 404, body: platform, pragma: null });
    },
  );
});

describe('the format of the platform', () => {
  it.each(tokenPaths)('is used for a body that is too large for %s', async (path) => {
    expect(await answerTo(path, tooLarge)).toEqual({ status: 413, body: platform, pragma: null });
  });

  it.each(['/oauth2/auth', '/oauth2/auth/shop'])('is used for %s', async (path) => {
    expect(await answerTo(path, {})).toEqual({ status: 401, body: platform, pragma: null });
    // Forward-auth does not read the body.
    expect(await answerTo(path, tooLarge)).toEqual({ status: 401, body: platform, pragma: null });
  });
});

describe('the authorization endpoint', () => {
  it.each(['GET', 'POST', 'OPTIONS'])('supports no response type and never redirects: %s', async (method) => {
    const path = '/oauth2/authorize?response_type=code&client_id=x&redirect_uri=https://evil.example/';
    const { send } = await createPlatform();
    const answer = await send(path, { method });
    expect([answer.status, answer.headers.get('Location')]).toEqual([400, null]);
    expect(answer.json()).toHaveProperty('error', 'unsupported_response_type');
  });
});
