import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { onTestFailed, TestRunner } from 'vitest';
import { locateChromium } from '../../tools/debian/test-programs.ts';

/** A real Chromium, without a window. */
export interface TestBrowser {
  /** Opens an empty page in a new session, without shared cookies or cache. */
  open(options: OpenOptions): Promise<WatchedPage>;
  close(): Promise<void>;
}

/** The default of playwright, 30 seconds, is short on a busy machine. The same limit as that of poll(), milliseconds. */
const timeoutMs = 90_000;

export interface OpenOptions {
  /** The server under test; a request to another origin is a problem. */
  origin: string;
  /** Problems that a test causes on purpose, such as the console message about a 401. */
  expected?: readonly RegExp[];
  /** Options of playwright: viewport, colorScheme, locale, javaScriptEnabled. */
  context?: BrowserContextOptions;
}

export interface WatchedPage {
  /** Its clicks and keys wait until a document that they open is parsed. `page.keyboard` does not wait. */
  page: Page;
  /**
   * All problems so far: errors and warnings in the console, exceptions, violations of the Content Security Policy,
   * requests to other origins, failed requests. Compare the result with `[]`.
   */
  problems(): string[];
  /** Ends the session. */
  close(): Promise<void>;
}

/** Starts Chromium, which is installed if it is missing. */
export async function startBrowser(): Promise<TestBrowser> {
  // No sandbox, since tests run as root in containers. The browser only visits the server under test.
  const args = ['--no-sandbox'];
  const browser = await chromium.launch({ executablePath: await locateChromium(), args, timeout: timeoutMs });
  return {
    async open({ origin, expected = [], context: options = {} }) {
      const context = await browser.newContext(options);
      context.setDefaultTimeout(timeoutMs);
      const problems: string[] = [];
      await context.addInitScript(reportViolations);
      const page = await context.newPage();
      waitForWholePages(page);
      watch(page, origin, (problem) => problems.push(problem));
      printIfTestFails(problems);
      return {
        page,
        problems: () => problems.filter((problem) => !expected.some((one) => one.test(problem))),
        close: () => context.close(),
      };
    },
    close: () => browser.close(),
  };
}

/**
 * Makes a click or a key that opens another document wait until that is parsed. Playwright only waits until the response
 * begins, so on a busy machine a test could read a page without its last rows.
 */
function waitForWholePages(page: Page): void {
  // Those of the page and of its locators call those of the frame.
  const frame = page.mainFrame();
  const { click, press } = frame;
  const isParsed = () => frame.waitForLoadState('domcontentloaded');
  frame.click = (...args) => click.apply(frame, args).then(isParsed);
  frame.press = (...args) => press.apply(frame, args).then(isParsed);
}

/** Runs in the page before its own scripts. Chromium logs most violations in the console, but not all. */
function reportViolations(): void {
  const target = globalThis as unknown as EventTarget;
  target.addEventListener('securitypolicyviolation', (event) => {
    const { violatedDirective, blockedURI } = event as Event & { violatedDirective: string; blockedURI: string };
    // biome-ignore lint/suspicious/noConsole: reports to the test
    console.error(`Content Security Policy: ${violatedDirective} blocked ${blockedURI}`);
  });
}

/** Explains why a page did not open: the error of playwright does not say, for example, that the connection was closed. */
function printIfTestFails(problems: readonly string[]): void {
  // In a hook, Vitest does not know which test will fail.
  if (TestRunner.getCurrentTest() === undefined) return;
  onTestFailed(({ task }) => {
    if (problems.length > 0) process.stderr.write(`browser in "${task.name}":\n${problems.join('\n')}\n`);
  });
}

function watch(page: Page, origin: string, report: (problem: string) => void): void {
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) report(`console ${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => report(`exception: ${error.message}`));
  page.on('request', (request) => {
    const { protocol, origin: target } = new URL(request.url());
    // Inline data is not a request.
    if (target !== origin && protocol !== 'data:' && protocol !== 'blob:') report(`request to ${request.url()}`);
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    // Chromium aborts pending requests when it leaves a page.
    if (why !== 'net::ERR_ABORTED') report(`failed: ${request.url()} (${why})`);
  });
}
