import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningServer, serve } from '../../src/http/server/server.ts';
import { startBrowser, type TestBrowser, type WatchedPage } from '../support/browser.ts';
import { choose, signInWithToken } from '../support/browser-console.ts';
import { createKeyConsole, keysPath } from '../support/key-console.ts';

let server: RunningServer;
let browser: TestBrowser;
let url: string;
const setup = createKeyConsole({ publicUrl: undefined, secure: false });
const events = `**${keysPath}/events`;
const fragment = `**${keysPath}?fragment=1`;
const isFragment = /\?fragment=1$/;

beforeAll(async () => {
  server = await serve(setup.app, { address: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${server.port}`;
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.close(0);
});

/** Changes the description of the key, which the table shows. */
function describeKey(description: string): void {
  setup.cluster.change({ keyPairs: [{ name: 'main', description }] });
  setup.cluster.sync();
}

const untilLive = (page: Page) => page.waitForSelector('.live:not([hidden])');
const untilNotLive = (page: Page) => page.waitForSelector('.live[hidden]', { state: 'attached' });
const untilShown = (page: Page, text: string) => page.waitForSelector(`#key-main >> text="${text}"`);

/** Opens the keys of ann. */
async function openKeys(): Promise<WatchedPage> {
  const opened = await browser.open({ origin: url });
  await signInWithToken(opened.page, url, 'ann');
  return opened;
}

/** Hides or shows the page as another tab does; Chromium without a window never hides one. */
const setHidden = (page: Page, hidden: boolean) =>
  page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));`);

describe('the live updates of a page', () => {
  test('include a change from before the stream was opened', async () => {
    const { page, close } = await openKeys();
    await page.route(events, async (route) => {
      describeKey('while the page loaded');
      await route.continue();
    });
    await page.reload();
    await untilShown(page, 'while the page loaded');
    await close();
  });

  test('start again after an HTTP error, and are not announced before', async () => {
    const { page, close } = await openKeys();
    await page.route(events, (route) => route.fulfill({ status: 404 }));
    const loaded = page.waitForResponse(isFragment);
    await page.reload();
    await loaded;
    expect(await page.isVisible('.live')).toBe(false);
    await page.unroute(events);
    await untilLive(page);
    describeKey('after the error');
    await untilShown(page, 'after the error');
    await close();
  });

  test('are not announced while the table cannot be loaded', async () => {
    const { page, close } = await openKeys();
    await untilLive(page);
    await page.route(fragment, (route) => route.fulfill({ status: 404 }));
    describeKey('not loaded');
    await untilNotLive(page);
    await page.unroute(fragment);
    await untilShown(page, 'not loaded');
    await untilLive(page);
    await close();
  });

  test('pause while no one sees the page', async () => {
    const { page, close } = await openKeys();
    await untilLive(page);
    await setHidden(page, true);
    await untilNotLive(page);
    describeKey('while hidden');
    await setHidden(page, false);
    await untilShown(page, 'while hidden');
    await untilLive(page);
    await close();
  });

  test('leave connections for other requests, however many pages are open', async () => {
    const { page, close } = await openKeys();
    for (let tab = 1; tab <= 7; tab += 1) await (await page.context().newPage()).goto(url + keysPath);
    const last = await page.context().newPage();
    await last.goto(url + keysPath);
    // It has no stream, but loads the table from time to time.
    describeKey('shown everywhere');
    await untilShown(last, 'shown everywhere');
    await untilShown(page, 'shown everywhere');
    await close();
  });
});

test('a page that belongs to a former session is reloaded', async () => {
  const { page, close } = await openKeys();
  await untilLive(page);
  expect(await page.textContent('.who')).toBe('ann');
  const other = await page.context().newPage();
  await signInWithToken(other, `${url}/login`, 'bob');
  describeKey('seen by ann');
  await page.waitForSelector('.who:text-is("bob")', { state: 'attached' });
  expect(await page.textContent('main')).not.toContain('seen by ann');
  await close();
});

test('a page that is the response to a form is opened without sending the form again', async () => {
  setup.cluster.change({ keyPairs: [{ name: 'main', enabled: false }] });
  setup.cluster.sync();
  const { page, close } = await openKeys();
  // A load that replaces the table would close the menu below.
  await untilLive(page);
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST') sent.push(new URL(request.url()).pathname);
  });
  // The table that the person sees is outdated.
  await page.route(fragment, (route) => route.fulfill({ status: 404 }));
  setup.cluster.change({ keyPairs: [{ name: 'main', enabled: false, description: 'of someone else' }] });
  await choose(page, 'main', 'Enable');
  await page.waitForURL(`**${keysPath}/main/enable`);
  await page.unroute(fragment);
  const other = await page.context().newPage();
  await signInWithToken(other, `${url}/login`, 'bob');
  setup.cluster.sync();
  await page.waitForSelector('.who:text-is("bob")', { state: 'attached' });
  expect([new URL(page.url()).pathname, sent]).toEqual([keysPath, [`${keysPath}/main/enable`]]);
  describeKey('enabled again');
  await close();
});

describe('a reloaded table', () => {
  test('replaces nothing if nothing has changed', async () => {
    const { page, close } = await openKeys();
    await untilLive(page);
    await page.evaluate('document.getElementById("key-main").isSame = true');
    await setHidden(page, true);
    await setHidden(page, false);
    await untilLive(page);
    expect(await page.evaluate('document.getElementById("key-main").isSame')).toBe(true);
    await close();
  });

  test('keeps the focus', async () => {
    const { page, close } = await openKeys();
    await untilLive(page);
    for (const selector of ['#key-main [data-copy]', '#keys .card-head a', '#menu-main summary']) {
      await page.focus(selector);
      describeKey(`focus on ${selector}`);
      await untilShown(page, `focus on ${selector}`);
      expect(
        await page.evaluate(`document.activeElement.matches('${selector}') || document.activeElement.outerHTML`),
      ).toBe(true);
    }
    await close();
  });

  test('waits while text in it is selected', async () => {
    const { page, close } = await openKeys();
    await untilLive(page);
    await page.evaluate('getSelection().selectAllChildren(document.querySelector("#key-main code"))');
    const loaded = page.waitForResponse(isFragment);
    describeKey('after the selection');
    await loaded;
    await untilNotLive(page);
    expect(await page.textContent('#key-main')).not.toContain('after the selection');
    await page.evaluate('getSelection().removeAllRanges()');
    await untilShown(page, 'after the selection');
    await untilLive(page);
    await close();
  });
});
