/** The API documentation at /docs of a real operator in Chromium: reading, authorizing and trying a request. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { accessKeyManifest, createNamespace, createPair, getToken, type Pair } from '../support/platform.ts';

let cluster: TestCluster;
let operator: OperatorProcess;
let browser: TestBrowser;
let pair: Pair;
let token: string;

beforeAll(async () => {
  cluster = await startTestCluster({ workloads: true });
  operator = await cluster.startOperator();
  const { kubectl } = cluster;
  await createNamespace(kubectl, 'people');
  await kubectl.run(['create', 'clusterrolebinding', 'alice', '--clusterrole=view', '--user=alice']);
  await kubectl.run(['create', 'deployment', 'storefront', '-n', 'people', '--image=nginx']);
  pair = await createPair(kubectl, accessKeyManifest('people', 'alice'));
  token = await getToken(operator.url, pair);
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await cluster?.stop();
});

async function openDocs(expected: RegExp[] = [], context: Parameters<TestBrowser['open']>[0]['context'] = {}) {
  const watched = await browser.open({
    origin: operator.url,
    expected,
    context: { viewport: { width: 1280, height: 1600 }, ...context },
  });
  await watched.page.goto(`${operator.url}/docs`);
  await watched.page.locator('.opblock').first().waitFor();
  return watched;
}

/** Enters a token or a pair in the dialog and closes it. */
async function authorize(page: Page, fill: (dialog: ReturnType<Page['locator']>) => Promise<void>): Promise<void> {
  await page.getByRole('button', { name: 'Authorize', exact: true }).first().click();
  const dialog = page.locator('.dialog-ux');
  await fill(dialog);
  await dialog.getByRole('button', { name: 'Close', exact: true }).first().click();
}

async function byToken(page: Page): Promise<void> {
  await authorize(page, async (dialog) => {
    const part = dialog.locator('.auth-container', { hasText: 'bearer' });
    await part.locator('input').fill(token);
    await part.getByRole('button', { name: 'Apply credentials' }).click();
  });
}

/** Opens an operation, fills in its parameters and sends the request. */
async function execute(page: Page, operationId: string, parameters: Record<string, string> = {}) {
  const operation = page.locator(`[id$="-${operationId}"]`);
  await operation.locator('.opblock-summary').click();
  for (const [name, value] of Object.entries(parameters)) {
    await operation.locator(`tr[data-param-name="${name}"] input`).fill(value);
  }
  await operation.getByRole('button', { name: 'Execute' }).click();
  const row = operation.locator('.live-responses-table .response').first();
  await row.waitFor();
  return { status: await row.locator('.response-col_status').textContent(), body: await row.textContent() };
}

describe('/docs', () => {
  test('has the header, language and theme of the console', async () => {
    const { page, problems, close } = await openDocs([], { locale: 'zh-CN', colorScheme: 'dark' });
    const background = (selector: string) =>
      page.evaluate(`getComputedStyle(document.querySelector('${selector}')).backgroundColor`);
    expect(await page.getAttribute('html', 'lang')).toBe('zh-CN');
    expect(await page.locator('.main-menu a[aria-current="page"]').textContent()).toBe('API 文档');
    const dark = await background('body');
    expect(await page.evaluate('document.documentElement.className')).toBe('dark-mode');
    await page.click('text="English"');
    await page.click('text="Light"');
    await page.locator('.opblock').first().waitFor();
    expect(new URL(page.url()).pathname).toBe('/docs');
    expect(await page.textContent('.main-menu')).toContain('API docs');
    expect(await page.evaluate('document.documentElement.className')).toBe('');
    expect(await background('body')).not.toBe(dark);
    await page.goto(`${operator.url}/login?method=pair`);
    expect(await page.textContent('h1')).toBe('Sign in');
    await page.fill('#ak', pair.ak);
    await page.fill('#sk', pair.sk);
    await page.press('#sk', 'Enter');
    await page.click('.main-menu >> text="API docs"');
    await page.locator('.opblock').first().waitFor();
    expect(await page.textContent('.account .who')).toBe('alice');
    for (const operation of ['listDeployments', 'createToken', 'listUsers', 'requestToken']) {
      await page.locator(`[id$="-${operation}"] .opblock-summary`).click();
      await page.locator(`[id$="-${operation}"] .responses-table`).waitFor();
    }
    // 160 px is a window of 320 px with a zoom of 200 %.
    for (const width of [160, 320, 360, 768, 2560]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.click('.account > summary');
    await page.click('text="Sign out"');
    await page.waitForURL('**/login**');
    expect(problems()).toEqual([]);
    await close();
  });

  test('shows every operation without browser errors', async () => {
    const { page, problems } = await openDocs();
    expect(await page.title()).toBe('API docs · Access Keys');
    const ids = await page.locator('.opblock').evaluateAll((all) => all.map(({ id }) => id));
    for (const id of ['Deployments-listDeployments', 'Users-listUsers', 'Tokens-createToken', 'Document-getDocument']) {
      expect(ids).toContain(`operations-${id}`);
    }
    expect(await page.locator('.opblock-head').first().isVisible()).toBe(false);
    expect(problems()).toEqual([]);
  });

  test('lists deployments with the entered token', async () => {
    const { page, problems } = await openDocs();
    await byToken(page);
    const { status, body } = await execute(page, 'listDeployments', { cluster: 'kpanda-global-cluster' });
    expect(status).toMatch(/^200/);
    expect(body).toContain('storefront');
    await page.setViewportSize({ width: 320, height: 900 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
    expect(problems()).toEqual([]);
  });

  test('gets a token with the entered pair', async () => {
    const { page, problems } = await openDocs();
    await authorize(page, async (dialog) => {
      const part = dialog.locator('.auth-container', { hasText: 'pair' }).first();
      await part.locator('input[type=text]').fill(pair.ak);
      await part.locator('input[type=password]').fill(pair.sk);
      await part.getByRole('button', { name: 'Apply credentials' }).click();
    });
    const { status, body } = await execute(page, 'getToken');
    expect([status, body]).toEqual([expect.stringMatching(/^200/), expect.stringContaining('"token"')]);
    expect(problems()).toEqual([]);
  });

  test('gets a token with the pair and the cycle in the form', async () => {
    const { page, problems } = await openDocs();
    const operation = page.locator('[id$="-createToken"]');
    await operation.locator('.opblock-summary').click();
    for (const [name, value] of Object.entries(pair)) {
      await operation.locator(`tr[data-property-name="${name}"] input[type=text]`).fill(value);
    }
    await operation.getByRole('button', { name: 'Execute' }).click();
    const row = operation.locator('.live-responses-table .response').first();
    await row.waitFor();
    expect(await operation.locator('.request-url').textContent()).not.toContain('cycle');
    expect(await row.textContent()).toMatch(/^200.*"token"/s);
    expect(problems()).toEqual([]);
  });

  test('gets the token with OAuth 2.0 client credentials', async () => {
    const { page, problems } = await openDocs();
    await authorize(page, async (dialog) => {
      const part = dialog.locator('.auth-container', { hasText: 'clientCredentials' });
      await part.locator('#client_id_clientCredentials').fill(pair.ak);
      await part.locator('#client_secret_clientCredentials').fill(pair.sk);
      await part.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click();
      await part.getByRole('button', { name: 'Remove authorization' }).waitFor();
    });
    const { status, body } = await execute(page, 'getCurrentUser');
    expect([status, body]).toEqual([expect.stringMatching(/^200/), expect.stringContaining('"alice"')]);
    expect(problems()).toEqual([]);
  });

  test('shows an error without a token and no password prompt', async () => {
    const { page, problems } = await openDocs([/status of 401/]);
    const { status, body } = await execute(page, 'getCurrentUser');
    expect(status).toMatch(/^401/);
    expect(body).toContain('a bearer token is required');
    expect(problems()).toEqual([]);
  });

  test('discards the token when the page is closed', async () => {
    const { page, problems } = await openDocs([/status of 401/]);
    await byToken(page);
    const kept = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])');
    expect(kept).toBe('[{},{},""]');
    await page.reload();
    await page.locator('.opblock').first().waitFor();
    expect((await execute(page, 'getCurrentUser')).status).toMatch(/^401/);
    expect(problems()).toEqual([]);
  });
});
