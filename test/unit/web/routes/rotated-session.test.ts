import { describe, expect, test } from 'vitest';
import { keyPair } from '../../../support/builders.ts';
import { type CookieBrowser, locationOf } from '../../../support/cookie-browser.ts';
import {
  checkAgain,
  createKeyConsole,
  fieldsOf,
  hiddenFields,
  type KeyConsole,
  keysPath,
  submit,
  titleOf,
  withoutWaiting,
} from '../../../support/key-console.ts';

const cookieName = '__Host-accesskey-session';
const rotatePath = `${keysPath}/main/rotate`;

/** Whether the browser is still signed in. */
const isSignedIn = async (browser: CookieBrowser) => (await browser.get(keysPath)).status === 200;

/** Rotates the pair of the session while the operator is slow. @returns the page that waits, and how to send it again */
async function startRotation({ cluster, signIn }: KeyConsole) {
  withoutWaiting();
  cluster.afterChange = cluster.sync;
  const browser = await signIn('pair');
  const fields = await fieldsOf(browser, rotatePath);
  // A copy of the cookies before the rotation.
  const copy = browser.copy();
  const { page } = await submit(browser, rotatePath, fields);
  expect(titleOf(page)).toBe('Your key is being created');
  return { browser, copy, page, reload: () => submit(browser, rotatePath, fields), fields };
}

/** The operator provides the new pair. */
function finishRotation({ cluster }: KeyConsole): void {
  cluster.reconcile('main', keyPair(2));
  cluster.sync();
}

describe('a session with a key pair that rotates this key pair', () => {
  test('continues with the new one', async () => {
    const setup = createKeyConsole();
    setup.cluster.afterChange = () => finishRotation(setup);
    const browser = await setup.signIn('pair');
    const fields = await fieldsOf(browser, rotatePath);
    const copy = browser.copy();
    expect((await submit(browser, rotatePath, fields)).page).toContain(keyPair(2).sk);
    expect([await isSignedIn(browser), await isSignedIn(copy)]).toEqual([true, false]);
  });

  test('sees the new one when it checks again, although its own one no longer works', async () => {
    const setup = createKeyConsole();
    const { browser, copy, page } = await startRotation(setup);
    const waiting = await checkAgain(browser, page);
    expect(titleOf(waiting.page)).toBe('Your key is being created');
    expect(waiting.page).not.toContain('Back to access keys');
    // The live updates of another tab.
    expect((await browser.get(`${keysPath}?fragment=1`)).status).toBe(401);
    finishRotation(setup);
    expect((await checkAgain(browser, waiting.page)).page).toContain(keyPair(2).sk);
    expect([await isSignedIn(browser), await isSignedIn(copy)]).toEqual([true, false]);
  });

  test('sees the new one when the page is reloaded', async () => {
    const setup = createKeyConsole();
    const { browser, reload } = await startRotation(setup);
    finishRotation(setup);
    expect((await reload()).page).toContain(keyPair(2).sk);
    expect(await isSignedIn(browser)).toBe(true);
  });

  test.each(['GET', 'POST'])(
    'sees the new one although another tab was redirected to the sign-in page (%s)',
    async (method) => {
      const setup = createKeyConsole();
      const { browser, page, fields } = await startRotation(setup);
      expect(page).not.toContain('href="/deployments"');
      const response = await (method === 'GET'
        ? browser.get('/deployments')
        : browser.post(`${keysPath}/main/disable`, fields));
      expect(response.status).toBe(303);
      await browser.get(locationOf(response));
      // A page that is checked again is valid for longer than the first one.
      setup.advance(200_000);
      const waiting = await checkAgain(browser, page);
      setup.advance(200_000);
      expect((await browser.get('/deployments')).status).toBe(303);
      finishRotation(setup);
      expect((await checkAgain(browser, waiting.page)).page).toContain(keyPair(2).sk);
      expect(await isSignedIn(browser)).toBe(true);
    },
  );

  test('sees the new one although another tab was opened before the page that waits', async () => {
    const setup = createKeyConsole();
    withoutWaiting();
    setup.cluster.afterChange = setup.cluster.sync;
    const browser = await setup.signIn('pair');
    const pending = submit(browser, rotatePath, await fieldsOf(browser, rotatePath));
    // The redirect of the other tab removes it.
    browser.jar.delete(cookieName);
    const { page } = await pending;
    expect(titleOf(page)).toBe('Your key is being created');
    finishRotation(setup);
    expect((await checkAgain(browser, page)).page).toContain(keyPair(2).sk);
  });

  test('has ended if it is opened later than that', async () => {
    const setup = createKeyConsole();
    const { browser } = await startRotation(setup);
    setup.advance(301_000);
    await browser.get('/deployments');
    expect(browser.jar.has(cookieName)).toBe(false);
  });

  test('can do nothing else until then', async () => {
    const setup = createKeyConsole();
    const { browser, copy, page, fields } = await startRotation(setup);
    const ticket = /name="ticket" value="([^"]*)"/.exec(page)?.[1] ?? '';
    const { resourceVersion } = setup.cluster.accessKey.metadata;
    for (const path of [`${keysPath}/new`, `${keysPath}/main/delete`, `${keysPath}/main/disable`])
      expect((await browser.copy().post(path, { ...fields, ticket })).status).toBe(303);
    // Without the ticket or the cookie of the form, the session has ended.
    for (const path of [rotatePath, `${keysPath}/reveal`]) expect((await copy.post(path, fields)).status).toBe(303);
    expect(setup.cluster.accessKey.metadata.resourceVersion).toBe(resourceVersion);
  });

  test('stays signed out if it was signed out while the rotation was in progress', async () => {
    const setup = createKeyConsole();
    setup.cluster.afterChange = setup.cluster.sync;
    const browser = await setup.signIn('pair');
    const fields = await fieldsOf(browser, rotatePath);
    const pending = submit(browser, rotatePath, fields);
    await expect.poll(() => setup.cluster.accessKey.metadata.generation).toBe(2);
    expect(locationOf(await browser.post('/logout', fields))).toBe('/login');
    finishRotation(setup);
    expect((await pending).page).toContain(keyPair(2).sk);
    expect(browser.jar.has(cookieName)).toBe(false);
  });

  test('can be signed out while it waits, also a copy of its cookies', async () => {
    const setup = createKeyConsole();
    const { browser, page } = await startRotation(setup);
    const [copy, stranger] = [browser.copy(), browser.copy()];
    await stranger.post('/logout', { form_token: 'other' });
    const response = await browser.post('/logout', hiddenFields(page, 'form_token'));
    expect(await (await browser.get(locationOf(response))).text()).toContain('You have signed out.');
    finishRotation(setup);
    const again = await checkAgain(copy, page);
    expect([again.status, again.page]).toEqual([303, expect.not.stringContaining(keyPair(2).sk)]);
  });

  test.each<[string, object]>([
    ['disabled', { keyPairs: [{ name: 'main', revision: 2, enabled: false }] }],
    ['rotated again', { keyPairs: [{ name: 'main', revision: 3 }] }],
    ['limited to other networks', { keyPairs: [{ name: 'main', revision: 2, allowedCIDRs: ['203.0.113.0/24'] }] }],
    ['deleted', { keyPairs: [] }],
    ['suspended', { suspended: true }],
  ])('does not see the new one if it was %s meanwhile', async (_, change) => {
    const setup = createKeyConsole();
    const { browser, page } = await startRotation(setup);
    setup.cluster.change(change);
    finishRotation(setup);
    const response = await checkAgain(browser, page);
    expect([response.status, response.page]).toEqual([303, expect.not.stringContaining(keyPair(2).sk)]);
    expect(await isSignedIn(browser)).toBe(false);
  });
});
