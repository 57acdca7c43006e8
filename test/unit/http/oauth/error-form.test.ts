/** Whatever goes wrong under /oauth2 is told in the form of RFC 6749 section 5.2, but at the path for gateways. */
import { describe, expect, it } from 'vitest';
import { maxBodySize } from '../../../../src/http/common/body-limit.ts';
import { createPlatform, form, tokenPaths } from '../support.ts';

const endpoints = ['/oauth2/token', '/oauth2/introspect'];
const oauth = { error: 'invalid_request', error_description: expect.stringMatching(/^[\x20-\x7e]+$/) };
const platform = { code: expect.any(Number), message: expect.any(String), details: expect.any(Array) };
const announced = form({}, { 'content-length': String(maxBodySize + 1) });

async function answerTo(path: string, init: RequestInit) {
  const { send, logged } = await createPlatform();
  const answer = await send(path, init);
  expect(logged()).toMatchObject([{ status: answer.status }]);
  expect(answer.headers.get('Cache-Control')).toBe('no-store');
  return { status: answer.status, body: answer.json(), pragma: answer.headers.get('Pragma') };
}

describe.each(endpoints)('%s', (path) => {
  it.each<[number, string, RequestInit]>([
    [413, 'a body that is announced as too large', announced],
    [400, 'a body of another type', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }],
    [400, 'a body with a content coding', form({}, { 'content-encoding': 'gzip' })],
    [
      400,
      'a body in another charset',
      form({}, { 'content-type': 'application/x-www-form-urlencoded; charset=latin1' }),
    ],
    [405, 'GET', {}],
    [405, 'DELETE', { method: 'DELETE' }],
  ])('answers %i in the form of OAuth to %s', async (status, _, init) => {
    expect(await answerTo(path, init)).toEqual({ status, body: oauth, pragma: 'no-cache' });
  });

  it('answers 413 in the form of OAuth to chunks that are too many', async () => {
    const body = new Blob([Buffer.alloc(maxBodySize + 1)]).stream();
    const answer = await answerTo(path, { method: 'POST', body, duplex: 'half' });
    expect(answer).toEqual({ status: 413, body: oauth, pragma: 'no-cache' });
  });

  it('answers 400 in the form of OAuth to a body that breaks off', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) });
    const answer = await answerTo(path, { method: 'POST', body, duplex: 'half' });
    expect(answer).toEqual({ status: 400, body: oauth, pragma: 'no-cache' });
  });
});

describe('a path with nothing there', () => {
  it.each(['/oauth2', '/oauth2/', '/oauth2/revoke', '/oauth2/token/x', '/oauth2/authorize'])(
    'is a 404 in the form of OAuth: %s',
    async (path) => {
      expect(await answerTo(path, form({}))).toEqual({ status: 404, body: oauth, pragma: 'no-cache' });
    },
  );

  it.each(['/oauth', '/oauth2token', '/x/oauth2/token'])('is a 404 in the form of the platform: %s', async (path) => {
    expect(await answerTo(path, {})).toEqual({ status: 404, body: platform, pragma: null });
  });
});

describe('the form of the platform', () => {
  it.each(tokenPaths)('is that of a body too large for %s', async (path) => {
    expect(await answerTo(path, announced)).toEqual({ status: 413, body: platform, pragma: null });
  });

  it.each(['/oauth2/auth', '/oauth2/auth/shop'])('is that of %s', async (path) => {
    expect(await answerTo(path, {})).toEqual({ status: 401, body: platform, pragma: null });
    expect(await answerTo(path, announced)).toEqual({ status: 413, body: platform, pragma: null });
  });
});
