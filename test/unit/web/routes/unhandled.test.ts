import { Hono } from 'hono';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { limitBody } from '../../../../src/http/common/body-limit.ts';
import type { Environment } from '../../../../src/http/common/environment.ts';
import { answerError, answerNotFound } from '../../../../src/http/common/error-response.ts';
import { PlatformError } from '../../../../src/http/common/errors.ts';
import { maxBodySize } from '../../../../src/http/common/incoming-body.ts';
import { limitQuery } from '../../../../src/http/common/parameter-limit.ts';
import { requestLog } from '../../../../src/http/common/request-log.ts';
import { loadAssets } from '../../../../src/web/common/assets.ts';
import { ConsoleError } from '../../../../src/web/common/console-error.ts';
import { createUnhandledPages, prefersPage } from '../../../../src/web/routes/unhandled.ts';

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

const unhandled = createUnhandledPages(loadAssets(), async () => undefined);
const app = new Hono<Environment>();
app.use(requestLog({ log: pino({ level: 'silent' }), addressOf: () => '192.0.2.1' }));
app.use(limitBody(), limitQuery());
app.get('/throw', () => {
  throw new PlatformError('methodNotAllowed', 'method not allowed', { headers: { Allow: 'POST' } });
});
app.get('/broken', () => {
  throw new Error('secret detail');
});
app.get('/rejected', () => {
  throw new ConsoleError('rejectedProxyToken', {}, 401);
});
app.notFound((context) => unhandled.notFound(context) ?? answerNotFound(context));
app.onError((error, context) => unhandled.error(error, context) ?? answerError(error, context));

const get = (path: string, Accept?: string, more: Record<string, string> = {}) =>
  app.request(path, { headers: { ...(Accept !== undefined && { Accept }), ...more } });
const typeOf = (response: Response) => response.headers.get('Content-Type')?.split(';')[0];

describe('a path that does not exist', () => {
  test.each<[string, string | undefined, string]>([
    ['/nothing', browser, 'text/html'],
    ['/nothing', 'TEXT/HTML', 'text/html'],
    ['/docs/nothing', browser, 'text/html'],
    ['/nothing', undefined, 'application/json'],
    ['/nothing', '*/*', 'application/json'],
    ['/nothing', 'application/json', 'application/json'],
    ['/nothing', 'text/html;q=0', 'application/json'],
    ['/nothing', 'text/html;q=x', 'application/json'],
    ['/nothing', 'application/json, text/html;q=0.5', 'application/json'],
    ['/apis/nothing', browser, 'application/json'],
    ['/api/v1/nothing', browser, 'application/json'],
    ['/oauth2/nothing', browser, 'application/json'],
    ['/.well-known/nothing', browser, 'application/json'],
    ['/assets/nothing.js', browser, 'application/json'],
  ])('%s with Accept %s responds with %s', async (path, accept, type) => {
    const response = await get(path, accept);
    expect([response.status, typeOf(response)]).toEqual([404, type]);
    expect(response.headers.get('Cache-Control')).toContain('no-store');
  });

  test('is a page with security headers, a way back, and the language of the browser', async () => {
    const response = await get('/nothing?x=<b>', browser, { 'Accept-Language': 'zh-CN' });
    const text = await response.text();
    expect(text).toContain('页面不存在');
    expect(text).toContain('href="/login"');
    expect(text).not.toContain('<b>');
    expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    expect(response.headers.get('Vary')).toBe('Accept');
  });
});

test('the page about a rejected token of a proxy has a challenge', async () => {
  const response = await get('/rejected', browser);
  const challenge = response.headers.get('WWW-Authenticate');
  expect([response.status, challenge]).toEqual([401, 'Bearer realm="console", error="invalid_token"']);
});

describe('a request that is rejected before its route', () => {
  test.each<[string, string, RequestInit, number]>([
    ['a path that is not percent-encoded', '/personal-center/%zz', {}, 404],
    ['a path that is not UTF-8', '/deployments/%E0%A4%A', {}, 404],
    ['a query that is not percent-encoded', '/login/callback?error=%zz', {}, 400],
    ['a query with too many parameters', `/login?${'a&'.repeat(1_000)}`, {}, 400],
    ['a body that is too large', '/login', { method: 'POST', body: 'a'.repeat(maxBodySize + 1) }, 413],
  ])('%s is a page in a browser, and JSON for an API client', async (_, path, init, status) => {
    const page = await app.request(path, { ...init, headers: { Accept: browser } });
    expect([page.status, typeOf(page)]).toEqual([status, 'text/html']);
    expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    const answer = await app.request(path, init);
    expect([answer.status, typeOf(answer)]).toEqual([status, 'application/json']);
  });
});

test('a method that is not allowed is a page with the header Allow', async () => {
  const response = await get('/throw', browser);
  expect([response.status, typeOf(response), response.headers.get('Allow')]).toEqual([405, 'text/html', 'POST']);
  expect((await get('/throw')).headers.get('Content-Type')).toContain('json');
});

test('an unexpected error is a page without its message', async () => {
  const response = await get('/broken', browser);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('secret detail');
});

test.each(['', ',,,', ';q=', 'text/html;q=x', `${'a,'.repeat(5_000)}text/html`, `text/html${';a=b'.repeat(5_000)}`])(
  'accepts any text in the header Accept, for example %.20o',
  (accept) => {
    expect(typeof prefersPage(accept)).toBe('boolean');
  },
);
