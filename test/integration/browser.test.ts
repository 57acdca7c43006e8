/** The browser that the tests use reports every problem of a page. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { poll } from '../../tools/poll.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';

const pages: Record<string, string> = {
  '/sound':
    '<title>sound</title><script src="/script.js"></script><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
  '/script.js': 'document.title = "the script ran"',
  '/error': '<script src="/error.js"></script>',
  '/error.js': 'console.error("an error"); console.warn("a warning"); throw new Error("an exception")',
  '/inline': '<title>untouched</title><script>document.title = "touched"</script>',
  '/elsewhere': '<img src="http://127.0.0.1:1/picture">',
};

let browser: TestBrowser;
let server: Server;
let origin: string;

beforeAll(async () => {
  server = createServer(({ url = '' }, response) => {
    const policy = "default-src 'none'; script-src 'self'; img-src http: data:";
    const type = url.endsWith('.js') ? 'text/javascript' : 'text/html';
    response.writeHead(pages[url] ? 200 : 404, { 'Content-Type': type, 'Content-Security-Policy': policy });
    response.end(pages[url] ?? 'not here');
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

  it('opens each page in a new session', async () => {
    const first = await open('/sound');
    await first.page.context().addCookies([{ name: 'a', value: 'b', url: origin }]);
    const second = await open('/sound');
    expect(await second.page.context().cookies()).toEqual([]);
  });
});
