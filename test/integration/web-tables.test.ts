import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { poll } from '../../tools/poll.ts';
import { createKey, people, signInWithToken, startTestConsole, type TestConsole } from '../support/browser-console.ts';
import { type ConsoleClient, signIn } from '../support/console-client.ts';
import { createWideObjects, longNames } from '../support/wide-objects.ts';
import { deploymentManifest } from '../support/workload.ts';

const keysPath = '/personal-center/access-keys';
const { alice, bob, carol, long } = people;
let setup: TestConsole;
let url: string;
let wideNamespace: string;

beforeAll(async () => {
  setup = await startTestConsole({}, { workloads: true });
  url = setup.operator.url;
  wideNamespace = await createWideObjects(setup.cluster.kubectl, { name: alice.name, groups: ['developers'] });
});
afterAll(() => setup?.stop());

const create = (object: object) => setup.cluster.kubectl.run(['create', '-f', '-'], JSON.stringify(object));
const kubectl = (...args: string[]) => setup.cluster.kubectl.run(args);
const detailPath = (namespace: string, name: string) => `/deployments/kpanda-global-cluster/${namespace}/${name}`;

async function openAs(
  person: { token: string },
  context: Parameters<TestConsole['open']>[0] = {},
): ReturnType<TestConsole['open']> {
  const opened = await setup.open(context);
  await signInWithToken(opened.page, url, person.token);
  return opened;
}

/** The windows: CSS pixels and zoom of the browser, which divides the CSS pixels of a window. */
const widths = [320, 360, 480, 768, 900, 1024, 1440, 1920, 2560];
const windows = [1, 2].flatMap((zoom) => widths.map((width) => ({ width, zoom })));

test('no page, table or menu is wider than the window', async () => {
  const { page, close } = await openAs(alice);
  const browser = await page.context().newCDPSession(page);
  const resize = ({ width, zoom }: (typeof windows)[number]) =>
    browser.send('Emulation.setDeviceMetricsOverride', {
      ...{ width: width / zoom, height: 900, deviceScaleFactor: zoom, mobile: false },
    });
  const overflowing = `[document.documentElement, ...document.querySelectorAll('main *, .bar *, dialog *')]
    .filter((one) => {
      const { left, right } = one.getBoundingClientRect();
      const isScrolled = one.closest('pre, .visually-hidden, thead, details:not([open]) > :not(summary)');
      return one.scrollWidth > innerWidth && one.tagName === 'HTML' || !isScrolled && (left < 0 || right > innerWidth + 0.5);
    })
    .map((one) => [one.tagName, one.className, one.scrollWidth, innerWidth].join(' '))`;
  const found: string[] = [];
  const measure = async (what: string) => {
    for (const window of windows) {
      await resize(window);
      for (const one of (await page.evaluate(overflowing)) as string[]) found.push(`${what}: ${one}`);
    }
  };
  const pages = [
    ...[
      '/platform-settings',
      `${keysPath}/new`,
      `${keysPath}/${longNames.pair}/edit`,
      `${keysPath}/${longNames.pair}/rotate`,
    ],
    ...[`${keysPath}/${longNames.pair}/delete`, '/personal-center/profile', '/personal-center/use'],
    ...['/deployments', `/deployments?namespace=${wideNamespace}&search=${longNames.deployment}`],
    ...[detailPath(wideNamespace, longNames.deployment), detailPath(wideNamespace, 'none'), keysPath],
  ];
  for (const path of pages) {
    await page.goto(url + path);
    await measure(path);
  }
  await page.click('.account > summary');
  await measure('account menu');
  await page.keyboard.press('Escape');
  for (const pair of [longNames.pair, 'ci']) {
    await page.click(`#menu-${pair} > summary`);
    await measure(`menu of ${pair}`);
    const heights =
      '[...document.querySelectorAll("details[open] .popup :is(a, button)")].map((one) => one.offsetHeight)';
    expect(new Set((await page.evaluate(heights)) as number[]).size).toBe(1);
    await page.keyboard.press('Escape');
  }
  expect(found).toEqual([]);
  for (const window of windows.filter(({ width, zoom }) => width / zoom >= 240)) {
    await resize(window);
    const lines = "[...document.querySelectorAll('.ak code')].map((one) => Math.round(one.offsetHeight / 26))";
    expect(await page.evaluate(lines)).toEqual([1, 1]);
  }
  await page.goto(`${url}${keysPath}/${longNames.pair}/edit`);
  await page.click('text="Choose a date"');
  await measure('calendar');
  await close();
  const check = async ({ page, close }: Awaited<ReturnType<typeof openAs>>, paths: string[]) => {
    for (const path of paths) {
      await page.goto(url + path);
      for (const width of [160, 320]) {
        await page.setViewportSize({ width, height: 900 });
        expect([path, width, await page.evaluate(overflowing)]).toEqual([path, width, []]);
      }
    }
    await close();
  };
  await check(await setup.open(), ['/login', '/login?method=pair', '/nothing']);
  const longName = 'n'.repeat(253);
  await check(await openAs(long), [
    keysPath,
    `${keysPath}/new`,
    '/personal-center/profile',
    `/deployments?cluster=${longName}`,
  ]);
  await check(await openAs(carol), [keysPath, `/deployments?namespace=${longName}&search=${longName}`]);
});

describe('the list of deployments', () => {
  const names = (page: Page) => page.locator('tbody th').allTextContents();

  beforeAll(async () => {
    for (let index = 0; index < 23; index += 1) {
      const manifest = deploymentManifest('shop', `web-${String(index).padStart(2, '0')}`);
      await create({ ...manifest, spec: { ...manifest.spec, replicas: index === 7 ? 2 : 0 } });
    }
  });

  test('is sorted and paged without a script', async () => {
    const { page, close } = await openAs(bob, { javaScriptEnabled: false });
    await poll('all deployments', async () => {
      await page.goto(`${url}/deployments?namespace=shop`);
      return (await page.textContent('.pager'))?.includes('23 total');
    });
    expect((await names(page))[0]).toBe('web-00');
    const order = (column: string) => page.getAttribute(`th:has(a:text("${column}"))`, 'aria-sort');
    expect([await order('Namespace'), await order('Name')]).toEqual(['ascending', 'none']);
    await page.click('th a:text-is("Name")');
    await page.click('th a:text-is("Name")');
    expect([await order('Namespace'), await order('Name')]).toEqual(['none', 'descending']);
    expect((await names(page))[0]).toBe('web-22');
    expect(await names(page)).toHaveLength(20);
    await page.click('[aria-label="50 rows per page"]');
    expect(await names(page)).toHaveLength(23);
    expect((await names(page))[0]).toBe('web-22');
    await page.fill('#search', 'web-1');
    await page.click('text="Apply"');
    expect((await names(page)).slice(0, 2)).toEqual(['web-19', 'web-18']);
    expect(page.url()).toContain('size=50');
    await page.goto(`${url}/deployments?sort=nothing&size=7&page=x`);
    expect(await order('Namespace')).toBe('ascending');
    await close();
  });

  test('shows ready pods of the desired pods, as kubectl does', async () => {
    const { page, close } = await openAs(bob);
    await poll('ready pods', async () => {
      await page.goto(`${url}/deployments?namespace=shop&search=web-07`);
      return (await page.textContent('td[data-label="Ready"]'))?.trim() === '2/2';
    });
    await kubectl('create', 'quota', 'none', '-n', 'shop', '--hard=pods=2');
    await kubectl('scale', 'deployment', 'web-07', '-n', 'shop', '--replicas=5');
    await page.waitForSelector('td[data-label="Ready"]:has-text("2/5")');
    // The state stays Running or Not ready, as kpanda defines it; the failure is a reason beside it.
    await page.waitForSelector('td[data-label="State"]:has-text("Pods cannot be created ReplicaFailure")');
    await page.click('text="web-07"');
    expect(await page.textContent('.notice.error')).toContain('exceeded quota');
    const condition = page.locator('.conditions tr:has(th:has-text("ReplicaFailure"))');
    expect(await condition.textContent()).toContain('FailedCreate');
    await close();
  });

  test('follows changes that the user may see', async () => {
    const { page, problems, close } = await openAs(bob);
    await page.goto(`${url}/deployments?search=live`);
    await page.waitForSelector('.live:not([hidden])', { state: 'attached' });
    await page.evaluate('document.body.dataset.notReloaded = "yes"');
    await create(deploymentManifest('shop', 'live-one'));
    await page.waitForSelector('text="live-one"');
    await kubectl('delete', 'deployment', 'live-one', '-n', 'shop');
    await page.waitForSelector('text="live-one"', { state: 'detached' });
    expect(await page.getAttribute('body', 'data-not-reloaded')).toBe('yes');
    expect(problems()).toEqual([]);
    await close();
  });

  test('has no stream for changes that the user may not see', async () => {
    const client = await signIn(url, { method: 'token', token: bob.token });
    const allowed = await signIn(url, { method: 'token', token: carol.token });
    const list = async ({ get }: ConsoleClient) => (await get('/deployments?search=secret&fragment=1')).text();
    await create(deploymentManifest('default', 'secret-one'));
    await kubectl('create', 'rolebinding', 'view', '-n', 'default', '--clusterrole=view', `--user=${carol.name}`);
    await poll('the permission of carol', async () => (await list(allowed)).includes('secret-one'));

    // In this order: an event for both users is sent to bob first.
    const changes = await openStream(client);
    const changesOfAllowed = await openStream(allowed);
    await kubectl('label', 'deployment', 'secret-one', '-n', 'default', 'changed=yes');
    await poll('the event for carol', async () => changesOfAllowed() > 0);
    expect(await list(client)).not.toContain('secret-one');
    expect(changes()).toBe(0);
    await create(deploymentManifest('shop', 'secret-two'));
    await poll('the event for bob', async () => changes() > 0);
    const listed = await list(client);
    expect([listed.includes('secret-two'), listed.includes('secret-one')]).toEqual([true, false]);
  });

  /** Opens the event stream of a list. @returns a function that counts its changes so far */
  async function openStream(client: ConsoleClient): Promise<() => number> {
    const { body } = await client.get('/deployments/events?search=secret');
    const stop = new AbortController();
    let text = '';
    const output = new WritableStream<string>({
      write(piece) {
        text += piece;
      },
    });
    const read = body?.pipeThrough(new TextDecoderStream()).pipeTo(output, { signal: stop.signal });
    onTestFinished(async () => {
      stop.abort();
      await read?.catch(() => undefined);
    });
    await poll('the stream', async () => text.includes('event: ready'));
    return () => text.split('event: change').length - 1;
  }
});

describe('the page of a deployment', () => {
  test('shows conditions and follows changes', async () => {
    const manifest = deploymentManifest('shop', 'stuck');
    const { template } = manifest.spec;
    const spec = { ...template.spec, nodeSelector: { nowhere: 'yes' } };
    await create({
      ...manifest,
      spec: { ...manifest.spec, progressDeadlineSeconds: 1, template: { ...template, spec } },
    });
    const { page, problems, close } = await openAs(bob);
    await poll('the deployment', async () => {
      await page.goto(url + detailPath('shop', 'stuck'));
      return (await page.textContent('h1')) === 'stuck';
    });
    await page.waitForSelector('text=The rollout has not finished in time');
    expect(await page.textContent('main')).toContain('example.org/main');
    await page.setViewportSize({ width: 960, height: 900 });
    const reason = page.locator('td.reason > div', { hasText: 'MinimumReplicasUnavailable' });
    expect((await reason.boundingBox())?.height).toBeLessThan(30);
    await page.goto(`${url}/deployments?search=stuck`);
    expect(await page.evaluate('document.querySelector(".problem .code-word").getClientRects().length')).toBe(1);
    await page.goto(url + detailPath('shop', 'stuck'));
    await page.waitForSelector('.live:not([hidden])');
    await kubectl('label', 'deployment', 'stuck', '-n', 'shop', 'tier=back');
    await page.waitForSelector('text="tier=back"');
    await kubectl('delete', 'deployment', 'stuck', '-n', 'shop');
    await page.waitForSelector('text=This deployment does not exist');
    expect(problems()).toEqual([]);
    await close();
  });

  test('does not reveal whether a deployment exists', async () => {
    const client = await signIn(url, { method: 'token', token: carol.token });
    const paths = [
      ...[detailPath('shop', 'web-00'), detailPath('shop', 'none'), detailPath('nowhere', 'none')],
      ...[
        '/deployments/other/shop/web-00',
        '/deployments/kpanda-global-cluster/shop/a%2Fb',
        detailPath('shop', 'web-00/events'),
      ],
    ];
    for (const path of paths) {
      const answer = await client.get(path);
      expect([path, answer.status]).toEqual([path, 404]);
      const text = await answer.text();
      expect(text).toContain('does not exist, or you do not have permission');
      expect(text).toContain('Back to deployments');
    }
  });

  test('is reached again after sign-in', async () => {
    const { page, close } = await setup.open();
    await page.goto(url + detailPath('shop', 'web-00'));
    await page.fill('#token', bob.token);
    await page.press('#token', 'Enter');
    await page.waitForURL(`**${detailPath('shop', 'web-00')}`);
    await close();
  });
});

test('times are local, with UTC in the title', async () => {
  const { page, close } = await openAs(alice, { locale: 'zh-CN', timezoneId: 'Asia/Shanghai' });
  const expiry = page.locator('time[datetime^="2040-01-01"]');
  expect(await expiry.textContent()).toBe('2040年1月1日 08:00');
  expect(await expiry.getAttribute('title')).toBe('2040-01-01 00:00 UTC');
  const linesOfDates = `[...document.querySelectorAll('td.times time')].map(({ firstChild }) => {
    const date = document.createRange();
    date.setStart(firstChild, 0);
    date.setEnd(firstChild, firstChild.data.indexOf(' '));
    return date.getClientRects().length;
  })`;
  expect(new Set((await page.evaluate(linesOfDates)) as number[])).toEqual(new Set([1]));
  await close();
  const english = await openAs(alice, { locale: 'en-US', timezoneId: 'Asia/Shanghai' });
  // A line never begins with AM or PM.
  expect(await english.page.textContent('time[datetime^="2040-01-01"]')).toMatch(/^Jan 1, 2040, 8:00[\u00a0\u202f]AM$/);
  await english.close();
  const withoutScript = await openAs(alice, { javaScriptEnabled: false });
  expect(await withoutScript.page.textContent('time[datetime^="2040-01-01"]')).toBe('2040-01-01 00:00 UTC');
  await withoutScript.close();
});

test('the date picker has the language of the page, not of the browser', async () => {
  const { page, problems, close } = await openAs(alice, { locale: 'en-US' });
  await page.goto(`${url}/personal-center/access-keys?lang=zh-CN`);
  await page.goto(`${url}${keysPath}/${longNames.pair}/edit`);
  await page.check('input[value="custom"]');
  expect(await page.inputValue('#date')).toBe('2040-01-01');
  expect(await page.textContent('.custom-date')).toContain('2040年1月1日星期日');
  await page.click('text="选择日期"');
  const calendar = page.locator('dialog.calendar');
  expect(await calendar.locator('h2').textContent()).toBe('2040年1月');
  expect(await calendar.locator('[role="columnheader"]').allTextContents()).toEqual(
    [...'一二三四五六日'].map((one) => `周${one}`),
  );
  for (const key of ['PageDown', 'PageDown', 'ArrowRight', 'End', 'Enter']) await page.keyboard.press(key);
  expect(await calendar.isVisible()).toBe(false);
  expect(await page.inputValue('#date')).toBe('2040-03-04');
  await page.click('text="选择日期"');
  await page.keyboard.press('Escape');
  expect(await page.inputValue('#date')).toBe('2040-03-04');
  await page.goto(`${url}${keysPath}/${longNames.pair}/edit?lang=en`);
  await page.check('input[value="custom"]');
  await page.click('text="Choose a date"');
  expect(await calendar.locator('h2').textContent()).toBe('January 2040');
  expect(await calendar.locator('[role="columnheader"]').first().textContent()).toBe('Sun');
  await calendar.locator('[aria-label="Wednesday, January 11, 2040"]').click();
  await page.click('button:has-text("Save")');
  await page.waitForSelector('time[datetime^="2040-01-11T23:59:59"]');
  expect(problems()).toEqual([]);
  await close();
});

test('a copy button covers no text', async () => {
  const { page, close } = await openAs(alice, { viewport: { width: 360, height: 740 } });
  for (const path of [keysPath, '/personal-center/use']) {
    await page.goto(url + path);
    const covered = await page.evaluate(`[...document.querySelectorAll('[data-copy]')].filter((button) => {
      const text = button.parentElement.querySelector('pre, code, input').getBoundingClientRect();
      const own = button.getBoundingClientRect();
      return own.left < text.right - 0.5 && own.right > text.left && own.top < text.bottom && own.bottom > text.top;
    }).length`);
    expect([path, covered]).toEqual([path, 0]);
  }
  await close();
});

/** The right edge of the widest element, or the width of the window. */
const widestElement = `Math.max(innerWidth, ...[...document.querySelectorAll('main *')].map((one) =>
  Math.floor(one.getBoundingClientRect().right)))`;

test('paper has the content without navigation and buttons', async () => {
  const { page, close } = await openAs(bob, { colorScheme: 'dark', viewport: { width: 718, height: 1000 } });
  const check = async () => {
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const shown = page.locator('button, .button, .bar, .tabs, nav.crumbs, .filters').filter({ visible: true });
    expect(await shown.count()).toBe(0);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(718);
    expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(0, 0, 0)');
    await page.emulateMedia({ media: 'screen', colorScheme: 'dark' });
  };
  const { sk } = await createKey(page, 'paper');
  await page.setViewportSize({ width: 320, height: 900 });
  const clipped =
    "[...document.querySelectorAll('.shown input')].filter((one) => one.scrollWidth > one.clientWidth).length";
  expect(await page.evaluate(clipped)).toBe(0);
  await page.setViewportSize({ width: 718, height: 1000 });
  expect(sk).toBe(await page.locator('#shown-sk').filter({ visible: true }).inputValue());
  await check();
  await page.goto(url + keysPath);
  await check();
  await page.goto(`${url}/deployments?size=50`);
  await check();
  await close();
  const wide = await openAs(alice, { viewport: { width: 718, height: 1000 } });
  for (const path of [
    keysPath,
    `/deployments?namespace=${wideNamespace}`,
    detailPath(wideNamespace, longNames.deployment),
  ]) {
    await wide.page.goto(url + path);
    await wide.page.emulateMedia({ media: 'print' });
    expect([path, await wide.page.evaluate(widestElement)]).toEqual([path, 718]);
    await wide.page.emulateMedia({ media: 'screen' });
  }
  await wide.close();
});

test('the platform settings change language and theme, and show what is configured', async () => {
  const { page, problems, close } = await openAs(alice);
  await page.click('.account > summary');
  await page.click('.account .popup >> text="Platform Settings"');
  const main = page.locator('main');
  for (const text of ['Kubernetes token', 'Key pair', '480 minutes', 'Version']) {
    expect(await main.textContent()).toContain(text);
  }
  await main.locator('text="Dark"').click();
  await page.waitForSelector('html[data-theme="dark"]');
  await main.locator('text="简体中文"').click();
  expect(await page.textContent('h1')).toBe('平台设置');
  expect(problems()).toEqual([]);
  await close();
});

test('the account menu opens the access keys', async () => {
  const { page, close } = await openAs(alice);
  await page.goto(`${url}/deployments`);
  await page.click('.account > summary');
  await page.click('.account .popup >> text="Personal Center"');
  expect(new URL(page.url()).pathname).toBe(keysPath);
  await close();
});
