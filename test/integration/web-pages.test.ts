import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { poll } from '../../tools/poll.ts';
import {
  choose,
  createKey,
  people,
  shownPair,
  signInWithToken,
  startTestConsole,
  type TestConsole,
} from '../support/browser-console.ts';
import { accessKeyManifest, type Pair, readPair, waitReady } from '../support/platform.ts';

const run = promisify(execFile);
let setup: TestConsole;
let url: string;
const keysPath = '/personal-center/access-keys';
const axeFile = new URL('../../node_modules/axe-core/axe.min.js', import.meta.url);

beforeAll(async () => {
  setup = await startTestConsole({}, { workloads: true });
  url = setup.operator.url;
  const { kubectl } = setup.cluster;
  const names = Array.from({ length: 23 }, (_, index) => `web-${String(index).padStart(2, '0')}`);
  await Promise.all(
    names.map((name) =>
      kubectl.run(['create', 'deployment', name, '-n', 'shop', '--image=nginx:1.29', '--replicas=0']),
    ),
  );
  await kubectl.run(['create', 'deployment', 'unseen', '-n', 'default', '--image=nginx:1.29']);
  await kubectl.run(
    ['create', '-f', '-'],
    JSON.stringify(
      accessKeyManifest('people', 'alice', {
        user: { name: 'alice', groups: ['developers'] },
        keyPairs: [
          { name: 'ci', description: 'Build pipeline' },
          { name: 'laptop', enabled: false, expiresAt: '2040-01-01T00:00:00Z' },
        ],
      }),
    ),
  );
  await waitReady(kubectl, 'people', 'alice');
});
afterAll(() => setup?.stop());

/** @returns serious violations of accessibility rules (axe-core, WCAG 2.2 AA and best practices) */
async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(axeFile, 'utf8'));
  // biome-ignore lint/suspicious/noExplicitAny: type of a page script
  const result = await page.evaluate(() => (globalThis as any).axe.run({ preload: false }));
  const serious = result.violations.filter(({ impact }: { impact: string }) =>
    ['serious', 'critical'].includes(impact),
  );
  return serious.map(({ id, nodes }: { id: string; nodes: { html: string }[] }) => `${id}: ${nodes[0]?.html}`);
}

const pages = [
  ...[keysPath, `${keysPath}/ci/rotate`, `${keysPath}/ci/delete`, `${keysPath}/ci/edit`, `${keysPath}/nothing`],
  ...[
    '/personal-center/profile',
    '/personal-center/use',
    '/deployments',
    '/deployments?search=none',
    '/platform-settings',
  ],
  ...['/deployments/kpanda-global-cluster/shop/web-00', '/deployments/kpanda-global-cluster/shop/none'],
];

describe.each(['en', 'zh-CN'])('in %s', (locale) => {
  test.each(['light', 'dark'] as const)('every page is accessible, %s', async (colorScheme) => {
    const { page, problems, close } = await setup.open({ locale, colorScheme });
    const found: string[] = [];
    const check = async () => found.push(...(await violationsOf(page)).map((one) => `${page.url()}: ${one}`));
    for (const path of ['/login', '/login?method=pair']) {
      await page.goto(url + path);
      await check();
    }
    await signInWithToken(page, url, people.alice.token);
    for (const path of pages) {
      await page.goto(url + path);
      expect(await page.getAttribute('html', 'lang')).toBe(locale);
      await check();
    }
    await page.goto(url + keysPath);
    await page.click('#menu-ci > summary');
    await check();
    await page.keyboard.press('Escape');
    await page.click('.account > summary');
    await check();
    expect(found).toEqual([]);
    expect(problems()).toEqual([]);
    await close();
  });

  test('no page is wider than 360 px', async () => {
    const { page, close } = await setup.open({ locale, viewport: { width: 360, height: 740 } });
    const wide: string[] = [];
    await page.goto(`${url}/login`);
    expect(await page.evaluate('document.querySelector(".segments").offsetHeight')).toBeLessThan(50);
    await signInWithToken(page, url, people.alice.token);
    for (const path of pages) {
      await page.goto(url + path);
      if (Number(await page.evaluate('document.documentElement.scrollWidth')) > 360) wide.push(path);
    }
    expect(wide).toEqual([]);
    await close();
  });
});

test('language and theme follow the browser and the settings of the page', async () => {
  const { page, close } = await setup.open({ locale: 'zh-CN', colorScheme: 'dark' });
  const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
  await page.goto(`${url}/login`);
  expect(await page.textContent('h1')).toBe('登录');
  const dark = await background();
  await page.click('text="English"');
  expect(await page.textContent('h1')).toBe('Sign in');
  await page.click('text="Light"');
  expect(await background()).not.toBe(dark);
  expect(new URL(page.url()).search).not.toContain('theme');
  await page.reload();
  expect([await page.textContent('h1'), await background()]).not.toContain(dark);
  await close();
});

describe('without JavaScript', () => {
  test('everything works except copying and live updates', async () => {
    const { page, close } = await setup.open({ javaScriptEnabled: false, acceptDownloads: true });
    await signInWithToken(page, url, people.bob.token);
    const pair = await createKey(page, 'ci');
    expect(await page.locator('[data-copy]:visible').count()).toBe(0);
    const files: Record<string, string> = {};
    for (const name of ['JSON', '.env', 'Secret YAML']) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.click(`a:has-text("${name}")`)]);
      files[download.suggestedFilename()] = await readFile(await download.path(), 'utf8');
    }
    expect(Object.keys(files)).toEqual(['access-key-ci.json', 'access-key-ci.env', 'access-key-ci.yaml']);
    for (const text of Object.values(files)) expect(text).toContain(pair.sk);
    await page.click('text="I have saved it"');
    await choose(page, 'ci', 'Rotate now');
    await page.click('button:has-text("Rotate now")');
    expect((await shownPair(page)).ak).not.toBe(pair.ak);
    await page.click('text="I have saved it"');
    await choose(page, 'ci', 'Delete');
    await page.click('button:has-text("Delete")');
    expect(await page.textContent('.notice.success')).toContain('Key ci has been deleted');
    await page.click('.account > summary');
    await page.click('text="Sign out"');
    expect(await page.textContent('main')).toContain('You have signed out');
    await page.goto(url + keysPath);
    expect(page.url()).toContain('/login');
    await close();
  });
});

test('every action works with the keyboard only', async () => {
  const { page, close } = await setup.open();
  await page.goto(url);
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.className')).toBe('skip');
  const tabTo = async (selector: string) => {
    for (let presses = 0; presses < 40; presses += 1) {
      if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`${selector} cannot be reached`);
  };
  await tabTo('#token');
  await page.keyboard.type(people.alice.token);
  await page.keyboard.press('Enter');
  await page.waitForURL(`**${keysPath}`);
  await tabTo('#menu-ci > summary');
  await page.keyboard.press('Enter');
  expect(await page.locator('#menu-ci .popup').isVisible()).toBe(true);
  await page.keyboard.press('Escape');
  expect(await page.locator('#menu-ci .popup').isVisible()).toBe(false);
  expect(await page.evaluate('document.activeElement.parentElement.id')).toBe('menu-ci');
  await page.keyboard.press('Enter');
  await tabTo('#menu-ci a[href$="/rotate"]');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/ci/rotate');
  await close();
});

describe('deployments', () => {
  test('can be searched, filtered and paged', async () => {
    const { page, problems, close } = await setup.open();
    await signInWithToken(page, url, people.alice.token);
    await page.click('.main-menu >> text="Deployments"');
    const names = () => page.locator('tbody th').allTextContents();
    await poll('all deployments', async () => {
      await page.reload();
      return (await page.textContent('.pager'))?.includes('23 total');
    });
    expect(await names()).toHaveLength(20);
    expect(await page.content()).not.toContain('unseen');
    await page.click('text="Next"');
    expect(await names()).toEqual(['web-20', 'web-21', 'web-22']);
    await page.fill('#search', 'WEB-1');
    await page.selectOption('#namespace', 'shop');
    await page.selectOption('#state', 'Stopped');
    await page.click('text="Apply"');
    expect(await names()).toHaveLength(10);
    await page.selectOption('#state', 'Running');
    await page.click('text="Apply"');
    expect(await page.textContent('main')).toContain('No deployments found');
    expect(await page.inputValue('#search')).toBe('WEB-1');
    expect(problems()).toEqual([]);
    await close();
  });

  test('that do not exist are explained, with a way back', async () => {
    const { page, close } = await setup.open();
    await signInWithToken(page, url, people.alice.token);
    const open = (query: string) => page.goto(`${url}/deployments?${query}`);
    await open('page=99');
    expect(await page.textContent('main')).toContain('There is no page 99. The last page is 2.');
    expect(await page.textContent('.pager')).not.toContain('Page 99');
    await page.click('text="Go to the last page"');
    expect(await page.locator('tbody th').count()).toBeGreaterThan(0);
    await open('namespace=deleted&page=3');
    expect(await page.textContent('main')).toContain('The namespace deleted does not exist');
    expect(await page.inputValue('#namespace')).toBe('deleted');
    await page.click('.empty >> text="All namespaces"');
    expect(await page.locator('tbody th').count()).toBe(20);
    await open('cluster=removed');
    expect(await page.textContent('main')).toContain('There is no cluster removed');
    await close();
  });

  test('need a permission that the page names', async () => {
    const { page, close } = await setup.open();
    await signInWithToken(page, url, people.carol.token);
    await page.goto(`${url}/deployments`);
    expect(await page.textContent('main')).toContain('list deployments.apps');
    expect(await page.textContent('main')).toContain('First replace the words in capitals.');
    expect(await page.textContent('main')).not.toContain('name of the key');
    await close();
  });
});

describe('how keys are used', () => {
  let pair: Pair;
  let page: Page;
  let close: () => Promise<void>;

  beforeAll(async () => {
    pair = await readPair(setup.cluster.kubectl, 'people', 'alice-ci');
    ({ page, close } = await setup.open());
    await signInWithToken(page, url, people.alice.token);
    await page.click('text="Use your keys"');
  });
  afterAll(() => close());

  test('the page tests a pair', async () => {
    await page.fill('#ak', pair.ak);
    await page.fill('#sk', pair.sk);
    await page.click('text="Get a token and list deployments"');
    const result = await page.textContent('#trial');
    for (const part of ['"client_id"', pair.ak, '"name": "web-00"']) expect(result).toContain(part);
    expect(await page.content()).not.toContain(pair.sk);
    await page.fill('#sk', 'wrong');
    await page.click('text="Get a token and list deployments"');
    expect(await page.textContent('[role="alert"]')).toContain('not valid');
  });

  test.each([
    ['curl', 'bash', ['-c']],
    ['TypeScript', process.execPath, ['--input-type=module-typescript', '-e']],
    ['Python', 'python3', ['-c']],
  ])('the %s example works without changes', async (title, program, args) => {
    const code = await page.locator(`.snippet:has(summary:text-is("${title}")) pre`).textContent();
    const env = { ...process.env, ACCESS_KEY: pair.ak, SECRET_KEY: pair.sk };
    const { stdout } = await run(program, [...args, code ?? ''], { env, maxBuffer: 10_000_000 });
    expect(stdout).toContain('pagination');
  });
});
