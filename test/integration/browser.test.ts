/** The browser that the tests use reports every problem of a page, and waits for whole pages. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { poll } from '../../tools/poll.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';

/** The lines of a page are sent one after the other. */
const pages: Record<string, string> = {
  '/sound':
    '<title>sound</title><script src="/script.js"></script><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
  '/script.js': 'document.title = "the script ran"',
  '/error': '<script src="/error.js"></script>',
  '/error.js': 'console.error("an error"); console.warn("a warning"); throw new Error("an exception")',
  '/inline': '<title>untouched</title><script>document.title = "touched"</script>',
  '/elsewhere': '<img src="http://127.0.0.1:1/picture">',
  '/link': '<a href="/slow">slow</a>',
  '/slow': '<title>slow</title><p>first</p>\n<p>last</p>',
};

let browser: TestBrowser;
let server: Server;
let origin: string;

beforeAll(async () => {
  server = createServer(async ({ url = '' }, response) => {
    const policy = "default-src 'none'; script-src 'self'; img-src http: data:";
    const type = url.endsWith('.js') ? 'text/javascript' : 'text/html';
    response.writeHead(pages[url] ? 200 : 404, { 'Content-Type': type, 'Content-Security-Policy': policy });
    const [first, ...later] = (pages[url] ?? 'not here').split('\n');
    response.write(first);
    for (const line of later) {
      await sleep(500);
      response.write(line);
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

async function open(path: string, expected?: RegExp[]) {
  const watched = await browser.open({ origin, ...(expected && { expected }) });
  await watched.page.goto(origin + path);
  return watched;
}

describe('the test browser', () => {
  it('reports no problem of a valid page', async () => {
    // Browsers request the icon by themselves.
    const { page, problems } = await open('/sound', [/favicon|404/]);
    expect(await page.title()).toBe('the script ran');
    expect(problems()).toEqual([]);
  });

  it.each([
    ['/error', 'console error: an error'],
    ['/error', 'console warning: a warning'],
    ['/error', 'exception: an exception'],
    ['/inline', 'console error: Content Security Policy: script-src-elem blocked inline'],
    ['/elsewhere', 'request to http://127.0.0.1:1/picture'],
    ['/missing', 'console error: Failed to load resource: the server responded with a status of 404 (Not Found)'],
  ])('reports a problem of %s: %s', async (path, problem) => {
    const { problems } = await open(path);
    await poll('the problem', async () => problems().includes(problem));
    expect(problems()).toContain(problem);
  });

  it.each<[string, (page: Page) => Promise<void>]>([
    ['a click', (page) => page.click('a')],
    ['a click on a locator', (page) => page.locator('a').click()],
    ['a key', (page) => page.press('a', 'Enter')],
  ])('waits for the whole page that %s opens', async (_, follow) => {
    const { page } = await open('/link');
    await follow(page);
    expect(await page.locator('p').allTextContents()).toEqual(['first', 'last']);
  });

  it('opens each page in a new session', async () => {
    const first = await open('/sound');
    await first.page.context().addCookies([{ name: 'a', value: 'b', url: origin }]);
    const second = await open('/sound');
    expect(await second.page.context().cookies()).toEqual([]);
  });
});
