import type { Page } from 'playwright-core';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { startBrowser, type TestBrowser, type WatchedPage } from './browser.ts';
import { startTestCluster, type TestCluster } from './cluster.ts';

/** Users with static tokens for the cluster, as with single sign-on. */
export const people = {
  alice: { name: 'alice', groups: ['developers', 'on-call'], token: 'token-of-alice-4f1c' },
  bob: { name: 'bob@example.org', groups: ['developers'], token: 'token-of-bob-9d2e' },
  carol: { name: 'carol', groups: [], token: 'token-of-carol-77aa' },
  long: { name: 'l'.repeat(128), groups: ['developers', 'g'.repeat(128)], token: 'token-of-long-51d0' },
} as const;

/** Chromium logs error statuses, and event streams are aborted when their page closes. */
const expectedProblems = [
  /status of 4\d\d/,
  /failed: \S*\/access-keys\/events \(net::ERR_ABORTED\)/,
  /failed: \S*fragment=1 \(net::ERR_ABORTED\)/,
];

/**
 * A control plane, an operator and a browser. The group developers may edit the namespace people and view the namespace
 * shop.
 */
export interface TestConsole {
  cluster: TestCluster;
  operator: OperatorProcess;
  /** Opens a page in a new browser session. */
  open(context?: Parameters<TestBrowser['open']>[0]['context']): Promise<WatchedPage>;
  stop(): Promise<void>;
}

export async function startTestConsole(
  settings: object = {},
  options: { workloads?: boolean } = {},
): Promise<TestConsole> {
  const cluster = await startTestCluster({ ...options, people: Object.values(people) });
  const { kubectl } = cluster;
  for (const namespace of ['people', 'shop']) await kubectl.run(['create', 'namespace', namespace]);
  const bind = (name: string, namespace: string) =>
    kubectl.run(['create', 'rolebinding', name, '-n', namespace, `--clusterrole=${name}`, '--group=developers']);
  await bind('edit', 'people');
  await bind('view', 'shop');
  const operator = await cluster.startOperator(settings);
  const browser = await startBrowser();
  return {
    cluster,
    operator,
    open: (context = {}) => browser.open({ origin: operator.url, expected: expectedProblems, context }),
    async stop() {
      await browser.close();
      await cluster.stop();
    },
  };
}

/** Signs in with a Kubernetes token. */
export async function signInWithToken(page: Page, url: string, token: string): Promise<void> {
  await page.goto(url);
  await page.fill('#token', token);
  await page.press('#token', 'Enter');
  await page.waitForURL('**/personal-center/access-keys');
}

/** Signs in with a key pair. */
export async function signInWithPair(page: Page, url: string, { ak, sk }: { ak: string; sk: string }): Promise<void> {
  await page.goto(`${url}/login?method=pair`);
  await page.fill('#ak', ak);
  await page.fill('#sk', sk);
  await page.press('#sk', 'Enter');
  await page.waitForURL('**/personal-center/access-keys');
}

/** @returns the pair that the page shows */
export async function shownPair(page: Page): Promise<{ ak: string; sk: string }> {
  await page.waitForSelector('#shown-sk');
  return { ak: await page.inputValue('#shown-ak'), sk: await page.inputValue('#shown-sk') };
}

/** Creates a key with the form. @returns the pair that the page shows */
export async function createKey(page: Page, name: string): Promise<{ ak: string; sk: string }> {
  await page.click('a:has-text("Create Key")');
  await page.fill('#name', name);
  await page.click('button:has-text("Create Key")');
  return shownPair(page);
}

/** Disables a key, and confirms it if the key was used within the last hour. */
export async function disableKey(page: Page, pair: string): Promise<void> {
  await choose(page, pair, 'Disable');
  const confirm = page.locator('main button.danger:has-text("Disable")');
  await page.locator('main button.danger, .notice.success, .sign-in').first().waitFor();
  if ((await confirm.count()) > 0) await confirm.click();
}

/** Opens the menu of a row and chooses an item. */
export async function choose(page: Page, pair: string, item: string): Promise<void> {
  await page.click(`#menu-${pair} > summary`);
  await page.click(`#menu-${pair} .popup >> text="${item}"`);
}
