import type { Page } from 'playwright-core';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { startBrowser, type TestBrowser, type WatchedPage } from './browser.ts';
import { startTestCluster, type TestCluster } from './cluster.ts';

/** People whom the cluster knows by a token, as single sign-on would make it. */
export const people = {
  alice: { name: 'alice', groups: ['developers', 'on-call'], token: 'token-of-alice-4f1c' },
  bob: { name: 'bob@example.org', groups: ['developers'], token: 'token-of-bob-9d2e' },
  carol: { name: 'carol', groups: [], token: 'token-of-carol-77aa' },
} as const;

/** Chromium says in its console what status an answer had; and a stream ends with its page. */
const expectedProblems = [
  /status of 4\d\d/,
  /failed: \S*\/access-keys\/events \(net::ERR_ABORTED\)/,
  /failed: \S*fragment=1 \(net::ERR_ABORTED\)/,
];

/** A control plane whose developers may edit the namespace people and view the namespace shop, an operator, a browser. */
export interface ConsoleStage {
  cluster: TestCluster;
  operator: OperatorProcess;
  /** Opens a page in a browser session of its own. */
  open(context?: Parameters<TestBrowser['open']>[0]['context']): Promise<WatchedPage>;
  stop(): Promise<void>;
}

export async function startConsoleStage(
  settings: object = {},
  options: { workloads?: boolean } = {},
): Promise<ConsoleStage> {
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

/** Signs in by a Kubernetes token, as a person does. */
export async function signInByToken(page: Page, url: string, token: string): Promise<void> {
  await page.goto(url);
  await page.fill('#token', token);
  await page.press('#token', 'Enter');
  await page.waitForURL('**/personal-center/access-keys');
}

/** Signs in by a key pair. */
export async function signInByPair(page: Page, url: string, { ak, sk }: { ak: string; sk: string }): Promise<void> {
  await page.goto(`${url}/login?method=pair`);
  await page.fill('#ak', ak);
  await page.fill('#sk', sk);
  await page.press('#sk', 'Enter');
  await page.waitForURL('**/personal-center/access-keys');
}

/** Reads the pair that the page shows. */
export async function shownPair(page: Page): Promise<{ ak: string; sk: string }> {
  await page.waitForSelector('#shown-sk');
  return { ak: await page.inputValue('#shown-ak'), sk: await page.inputValue('#shown-sk') };
}

/** Creates a key by the form; the page shows the pair then. */
export async function createKey(page: Page, name: string): Promise<{ ak: string; sk: string }> {
  await page.click('a:has-text("Create key")');
  await page.fill('#name', name);
  await page.click('button:has-text("Create key")');
  return shownPair(page);
}

/** Opens the menu of a row and chooses an item. */
export async function choose(page: Page, pair: string, item: string): Promise<void> {
  await page.click(`#menu-${pair} > summary`);
  await page.click(`#menu-${pair} .popup >> text="${item}"`);
}
