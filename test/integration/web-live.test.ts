import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  choose,
  createKey,
  people,
  signInWithToken,
  startTestConsole,
  type TestConsole,
} from '../support/browser-console.ts';
import { signIn } from '../support/console-client.ts';
import { accessKeyManifest, waitReady } from '../support/platform.ts';

let setup: TestConsole;
let url: string;
const keysPath = '/personal-center/access-keys';

beforeAll(async () => {
  setup = await startTestConsole();
  url = setup.operator.url;
  const { kubectl } = setup.cluster;
  const user = { name: 'alice', groups: ['developers'] };
  await kubectl.run(
    ['create', '-f', '-'],
    JSON.stringify(accessKeyManifest('people', 'alice', { user, keyPairs: [] })),
  );
  await waitReady(kubectl, 'people', 'alice');
});
afterAll(() => setup?.stop());

/** Runs kubectl on the AccessKey of alice. */
const kubectl = (verb: string, ...args: string[]) =>
  setup.cluster.kubectl.run([verb, 'accesskey', 'alice', '-n', 'people', ...args]);
const patch = (spec: object) => kubectl('patch', '--type=merge', '-p', JSON.stringify({ spec }));

/** Applies the AccessKey of alice as a GitOps tool does. */
async function applyAs(manager: string, keyPairs: object[]): Promise<void> {
  const manifest = accessKeyManifest('people', 'alice', { keyPairs });
  const args = ['apply', '--server-side', '--force-conflicts', `--field-manager=${manager}`, '-f', '-'];
  await setup.cluster.kubectl.run(args, JSON.stringify(manifest));
  await waitReady(setup.cluster.kubectl, 'people', 'alice');
}

/** Opens a page with the keys of alice that updates itself. */
async function openKeys(page: Page): Promise<void> {
  await signInWithToken(page, url, people.alice.token);
  await untilLive(page);
}

/** Waits until the page updates itself without a reload, which would remove the mark. */
async function untilLive(page: Page): Promise<void> {
  await page.waitForSelector('.live:not([hidden])');
  await page.evaluate('document.body.dataset.notReloaded = "yes"');
}
const wasReloaded = async (page: Page) => (await page.getAttribute('body', 'data-not-reloaded')) !== 'yes';

describe('two browsers on one list of keys', () => {
  test('show changes of each other and of kubectl without a reload', async () => {
    const [one, two] = [await setup.open(), await setup.open()];
    await signInWithToken(one.page, url, people.alice.token);
    await createKey(one.page, 'ci');
    await openKeys(two.page);
    await one.page.click('text="I have saved it"');
    await untilLive(one.page);

    await kubectl('patch', '--type=json', '-p', '[{"op":"replace","path":"/spec/keyPairs/0/enabled","value":false}]');
    for (const { page } of [one, two]) await page.waitForSelector('#key-ci .state:text-is("Disabled")');

    await choose(one.page, 'ci', 'Enable');
    await two.page.waitForSelector('#key-ci .state:text-is("Active")');

    await patch({ suspended: true });
    await two.page.waitForSelector('text=This AccessKey is suspended');
    await patch({ suspended: false });
    await two.page.waitForSelector('text=This AccessKey is suspended', { state: 'detached' });
    expect(await wasReloaded(two.page)).toBe(false);
    for (const { problems, close } of [one, two]) {
      expect(problems()).toEqual([]);
      await close();
    }
  });

  test('report a concurrent change to the second user and keep the input', async () => {
    const [one, two] = [await setup.open(), await setup.open()];
    for (const { page } of [one, two]) {
      await signInWithToken(page, url, people.alice.token);
      await page.click('a:has-text("Create Key")');
    }
    await one.page.fill('#name', 'first');
    await one.page.click('button:has-text("Create Key")');
    await one.page.waitForSelector('#shown-sk');
    await two.page.fill('#name', 'second');
    await two.page.fill('#description', 'kept');
    await two.page.click('button:has-text("Create Key")');
    expect(await two.page.textContent('.notice.error')).toContain('has changed since you opened this page');
    expect(await two.page.inputValue('#description')).toBe('kept');
    const { spec } = JSON.parse(await kubectl('get', '-o', 'json'));
    expect(spec.keyPairs.map(({ name }: { name: string }) => name)).toEqual(['ci', 'first']);
    for (const { close } of [one, two]) await close();
  });

  test('keep open menus and the focus', async () => {
    const { page, close } = await setup.open();
    await openKeys(page);
    await page.focus('#menu-ci > summary');
    await page.keyboard.press('Enter');
    const revision = '#key-ci .details-row dt:text-is("Revision") + dd';
    const former = await page.textContent(revision);
    await kubectl('patch', '--type=json', '-p', '[{"op":"add","path":"/spec/keyPairs/0/revision","value":9}]');
    await page.waitForSelector(`${revision}:text-is("9")`);
    expect(former).not.toContain('9');
    expect(await page.getAttribute('#menu-ci', 'open')).not.toBeNull();
    expect(await page.evaluate('document.activeElement.parentElement.id')).toBe('menu-ci');
    await close();
  });

  test('sign out together if they share a session', async () => {
    const { page, close } = await setup.open();
    await openKeys(page);
    const other = await page.context().newPage();
    await other.goto(url + keysPath);
    await other.click('.account > summary');
    await other.click('text="Sign out"');
    await page.waitForURL('**/login?**');
    await close();
  });
});

describe('a field that a GitOps tool manages', () => {
  test('is shown as managed and cannot be changed on the page', async () => {
    await kubectl('delete');
    await applyAs('argocd-controller', [{ name: 'ci', revision: 1 }]);
    const { page, problems, close } = await setup.open();
    await openKeys(page);
    const notice = await page.textContent('#managed');
    expect(notice).toContain('Argo CD (argocd-controller) manages settings of ci. Change these settings there');
    await page.click('#menu-ci > summary');
    const rotate = page.locator('#menu-ci button:has-text("Rotate now")');
    expect(await rotate.getAttribute('aria-disabled')).toBe('true');
    expect(await rotate.getAttribute('aria-describedby')).toBe('managed');
    expect(await page.textContent('main')).toMatch(
      /^(?:(?!argocd-controller).)*argocd-controller(?:(?!argocd-controller).)*$/s,
    );
    expect(await page.locator('#menu-ci a:has-text("Delete")').count()).toBe(0);

    // The tool does not declare this field, so that the change stays when it applies again.
    await page.click('#menu-ci button:has-text("Disable")');
    await page.waitForSelector('text="Key ci has been disabled."');
    await applyAs('argocd-controller', [{ name: 'ci', revision: 1 }]);
    const { spec } = JSON.parse(await kubectl('get', '-o', 'json'));
    expect(spec.keyPairs[0]).toMatchObject({ enabled: false, revision: 1 });

    // A field that the tool starts to declare is managed from then on.
    await applyAs('argocd-controller', [{ name: 'ci', revision: 1, enabled: true }]);
    await page.waitForSelector('#key-ci .state:text-is("Active")');
    await page.click('#menu-ci > summary');
    expect(await page.locator('#menu-ci button:has-text("Disable")').getAttribute('aria-disabled')).toBe('true');
    expect(problems()).toEqual([]);
    await close();
  });

  test('cannot be changed with a forged form', async () => {
    const client = await signIn(url, { method: 'token', token: people.alice.token });
    const { metadata, spec } = JSON.parse(await kubectl('get', '-o', 'json'));
    for (const action of ['rotate', 'disable', 'delete']) {
      const answer = await client.post(`${keysPath}/ci/${action}`, { generation: String(metadata.generation) });
      expect([action, answer.status]).toEqual([action, 409]);
      expect(await answer.text()).toContain('Managed by Argo CD (argocd-controller)');
    }
    expect(JSON.parse(await kubectl('get', '-o', 'json')).spec).toEqual(spec);
  });

  test('is the whole list with client-side kubectl apply', async () => {
    await kubectl('delete');
    await setup.cluster.kubectl.apply(accessKeyManifest('people', 'alice', { keyPairs: [{ name: 'ci' }] }));
    await waitReady(setup.cluster.kubectl, 'people', 'alice');
    const { page, close } = await setup.open();
    await openKeys(page);
    expect(await page.textContent('#managed')).toContain('managed by kubectl apply (kubectl-client-side-apply)');
    expect(await page.getAttribute('button:has-text("Create Key")', 'aria-describedby')).toBe('managed');
    await close();
  });
});

test('event streams are limited per session and do not delay the shutdown', async () => {
  const { close, page } = await setup.open();
  await openKeys(page);
  const client = await signIn(url, { method: 'token', token: people.alice.token });
  const statuses = [];
  for (let stream = 1; stream <= 5; stream += 1) statuses.push((await client.get(`${keysPath}/events`)).status);
  expect(statuses).toEqual([200, 200, 200, 200, 503]);
  expect(await setup.operator.stop()).toBe(0);
  expect(setup.operator.output.at(-1)).toContain('"msg":"stopped"');
  await close();
});
