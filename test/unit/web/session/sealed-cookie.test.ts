import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { createFlash } from '../../../../src/web/session/flash.ts';
import { seal } from '../../../../src/web/session/seal.ts';
import { deriveKeys, type SessionKeys } from '../../../../src/web/session/session.ts';
import { createCookieBrowser } from '../../../support/cookie-browser.ts';

const keys = deriveKeys(Buffer.alloc(32, 1));

function start(parts: { sessionKeys?: () => SessionKeys | undefined; secure?: boolean } = {}) {
  let time = Date.UTC(2026, 0, 1);
  const options = { secure: true, sessionKeys: () => keys, now: () => time, ...parts };
  const flash = createFlash(options);
  const app = new Hono();
  app.get('/write', async (context) => {
    await flash.write(context, { key: 'doneDeleted', pair: 'ci' });
    return context.text('');
  });
  app.get('/take', async (context) => context.json({ message: await flash.take(context) }));
  const browser = createCookieBrowser(app);
  const read = async (path: string) => (await browser.get(path)).json();
  return { browser, read, advance: (milliseconds: number) => (time += milliseconds) };
}

describe('a message for the next page', () => {
  test('is shown once', async () => {
    const { browser, read } = start();
    await browser.get('/write');
    expect(await read('/take')).toEqual({ message: { key: 'doneDeleted', pair: 'ci' } });
    expect(await read('/take')).toEqual({});
    expect(browser.jar.size).toBe(0);
  });

  test('cannot be made up, or taken from another cookie', async () => {
    const { browser, read } = start();
    const value = { key: 'doneDeleted', pair: 'ci' };
    for (const sealed of [
      'x',
      JSON.stringify(value),
      await seal(value, keys.notice),
      await seal({ name: 'accesskey-shown', expiresAt: 1e15, value }, keys.notice),
      await seal({ name: 'accesskey-flash', expiresAt: 1e15, value }, keys.ticket),
      await seal({ name: 'accesskey-flash', expiresAt: 1e15, value: { key: 'errorInternal' } }, keys.notice),
    ]) {
      browser.jar.set('__Host-accesskey-flash', sealed);
      expect(await read('/take')).toEqual({});
    }
  });

  test('expires after a minute', async () => {
    const { browser, read, advance } = start();
    await browser.get('/write');
    advance(60_000);
    expect(await read('/take')).toEqual({});
  });

  test('is not written while the session keys are missing', async () => {
    const { browser, read } = start({ sessionKeys: () => undefined });
    await browser.get('/write');
    expect([browser.jar.size, await read('/take')]).toEqual([0, {}]);
  });

  test('is in a cookie without the __Host- prefix over plain HTTP', async () => {
    const { browser } = start({ secure: false });
    await browser.get('/write');
    expect([...browser.jar.keys()]).toEqual(['accesskey-flash']);
  });
});
