import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { createFlash } from '../../../../src/web/session/flash.ts';
import { deriveKeys, type SessionKeys, seal } from '../../../../src/web/session/session.ts';
import { createShownPairs } from '../../../../src/web/session/shown-pairs.ts';
import { createBrowser } from '../../../support/sign-on-console.ts';

const keys = deriveKeys(Buffer.alloc(32, 1));
const formOf = (index: number) => `form-${String(index).padStart(11, '0')}`;

function start(parts: { sessionKeys?: () => SessionKeys | undefined; secure?: boolean } = {}) {
  let time = Date.UTC(2026, 0, 1);
  const options = { secure: true, sessionKeys: () => keys, now: () => time, ...parts };
  const [flash, shown] = [createFlash(options), createShownPairs(options)];
  const app = new Hono();
  app.get('/write', async (context) => {
    await flash.write(context, { key: 'doneDeleted', pair: 'ci' });
    return context.text('');
  });
  app.get('/take', async (context) => context.json({ message: await flash.take(context) }));
  app.get('/record/:form', async (context) => {
    await shown.record(context, context.req.param('form'), 'ci');
    return context.text('');
  });
  app.get('/find/:form', async (context) =>
    context.json({ pair: await shown.find(context, context.req.param('form')) }),
  );
  // biome-ignore lint/suspicious/noExplicitAny: an app without the environment of the console
  const browser = createBrowser(app as any);
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

describe('the forms that have created a pair', () => {
  test('are recognized, the last eight of them', async () => {
    const { browser, read } = start();
    for (let index = 0; index < 9; index += 1) await browser.get(`/record/${formOf(index)}`);
    expect(await read(`/find/${formOf(0)}`)).toEqual({});
    for (let index = 1; index < 9; index += 1) expect(await read(`/find/${formOf(index)}`)).toEqual({ pair: 'ci' });
    expect((browser.jar.get('__Host-accesskey-shown') ?? '').length).toBeLessThan(2_000);
  });

  test('are recorded only with an ID of the right form', async () => {
    const { browser } = start();
    for (const form of ['x', 'y'.repeat(500), 'form 00000000000'])
      await browser.get(`/record/${encodeURIComponent(form)}`);
    expect(browser.jar.size).toBe(0);
  });
});
