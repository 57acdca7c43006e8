/** Single sign-on with a real Dex, in Chromium. kube-apiserver trusts the ID tokens of Dex. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { createKey } from '../support/browser-console.ts';
import { dexUsers } from '../support/dex.ts';
import { accessKeyManifest, createNamespace, waitObserved } from '../support/platform.ts';
import {
  callbackOf,
  canSignOn,
  clients,
  openPage,
  type SignOnSetup,
  signInAtDex,
  signOn,
  startSignOn,
  userOf,
} from '../support/sign-on-with-dex.ts';

const { alice, bob, root } = dexUsers;
const keysPath = '/personal-center/access-keys';
let setup: SignOnSetup;
let operator: OperatorProcess;

beforeAll(async () => {
  setup = await startSignOn({ operators: 3 });
  operator = await setup.startOperator();
  // The API server fetches the keys of Dex in the background.
  await poll('the API server to trust Dex', () => canSignOn(setup, operator));
});
afterAll(() => setup?.stop());

const hasSession = async (page: Page) =>
  (await page.context().cookies()).some(({ name }) => name === '__Host-accesskey-session');

describe('signing in', () => {
  test('is the primary way, and the user can create a key', async () => {
    const { page, problems, close } = await setup.open(operator);
    expect(await page.isVisible('#token')).toBe(false);
    await page.click('.other-ways > summary');
    expect(await page.isVisible('#token')).toBe(true);
    await signOn(page, alice);
    expect(await userOf(page)).toBe('alice');
    expect((await createKey(page, 'first')).sk).not.toBe('');
    await page.goto(`${operator.url}/personal-center/profile`);
    expect(await page.textContent('main')).toContain('Single sign-on');
    expect(problems()).toEqual([]);
    expect(await operator.logged('"event":"web.sign-in"')).toContain('"user":"alice"');
    await close();
  });

  test('opens the requested page, but never another origin', async () => {
    const { page, close } = await setup.open(operator, '/deployments');
    await signOn(page, bob, '/deployments');
    for (const next of ['https://evil.example', '//evil.example', '/\\evil.example']) {
      // Without its session, the page of the key pairs would open the sign-in page itself.
      await page.goto('about:blank');
      await page.context().clearCookies();
      await page.goto(`${operator.url}/login?next=${encodeURIComponent(next)}`);
      await signOn(page, bob);
    }
    await close();
  });

  test('works in two tabs at the same time', async () => {
    const { page: first, close } = await setup.open(operator);
    const second = await first.context().newPage();
    await second.goto(`${operator.url}/deployments`);
    await Promise.all([first.click('#sso'), second.click('#sso')]);
    await signInAtDex(second, alice);
    await second.waitForURL('**/deployments');
    await signInAtDex(first, alice);
    await first.waitForURL(`**${keysPath}`);
    await second.reload();
    expect(await userOf(second)).toBe('alice');
    await close();
  });

  test('of a user with a system: name is rejected by the cluster', async () => {
    const { page, close } = await setup.open(operator, '/login/sso');
    const { status, error } = await openPage(page, await callbackOf(page, root, setup.dex));
    expect([status, error]).toEqual([403, expect.stringContaining('the cluster does not accept your ID token')]);
    expect(await hasSession(page)).toBe(false);
    await close();
  });

  test('with a client that the API server does not trust is rejected', async () => {
    const other = await setup.startOperator({ clientID: clients.other.id });
    const { page, close } = await setup.open(other, '/login/sso');
    const { status, error } = await openPage(page, await callbackOf(page, alice, setup.dex));
    expect([status, error]).toEqual([403, expect.stringContaining('the cluster does not accept your ID token')]);
    await other.stop();
    await close();
  });
});

describe('the callback', () => {
  test('explains that sign-in was denied, and works again afterwards', async () => {
    const { page, close } = await setup.open(operator, '/login/sso?next=%2Fdeployments');
    const { searchParams } = new URL(await callbackOf(page, alice, setup.dex));
    const query = new URLSearchParams({ error: 'access_denied', state: searchParams.get('state') ?? '' });
    const { status, error } = await openPage(page, `${operator.url}/login/callback?${query}`);
    expect([status, error]).toEqual([403, expect.stringContaining('canceled or denied')]);
    await signOn(page, alice, '/deployments');
    await close();
  });

  test('works only once', async () => {
    const { page, close } = await setup.open(operator, '/login/sso');
    const callback = await callbackOf(page, alice, setup.dex);
    await page.goto(callback);
    expect(await userOf(page)).toBe('alice');
    const { status, error } = await openPage(page, callback);
    expect([status, error]).toEqual([400, expect.stringContaining('already used')]);
    // The session of the first use continues.
    await page.goto(operator.url);
    expect(await userOf(page)).toBe('alice');
    await close();
  });

  test('of another browser does not sign in', async () => {
    const attacker = await setup.open(operator, '/login/sso');
    const callback = await callbackOf(attacker.page, bob, setup.dex);
    const victim = await setup.open(operator);
    const forged = await openPage(victim.page, callback);
    expect([forged.status, forged.error]).toEqual([400, expect.stringContaining('not started in this browser')]);
    await victim.page.goto(`${operator.url}/login/sso`);
    const own = new URL(await callbackOf(victim.page, alice, setup.dex));
    own.searchParams.set('code', new URL(callback).searchParams.get('code') ?? '');
    const mixed = await openPage(victim.page, own.href);
    expect([mixed.status, mixed.error]).toEqual([400, expect.stringContaining('expired or was already used')]);
    expect(await hasSession(victim.page)).toBe(false);
    await Promise.all([attacker.close(), victim.close()]);
  });

  test.each([
    ['no parameters', ''],
    ['no state', '?code=x'],
    ['an unknown state', '?state=x&code=y'],
    ['a long state', `?state=${'x'.repeat(3_000)}`],
    ['an invalid encoding', '?error=%00&state=%F0'],
  ])('with %s is rejected, and so is a form', async (_name, query) => {
    const { page, close } = await setup.open(operator);
    expect((await openPage(page, `${operator.url}/login/callback${query}`)).status).toBe(400);
    const posted = await page.request.post(`${operator.url}/login/callback${query}`);
    expect([400, 403, 404, 405]).toContain(posted.status());
    await close();
  });
});

test('a session ends at sign-out', async () => {
  const { page, close } = await setup.open(operator);
  await signOn(page, alice);
  await page.click('.account > summary');
  await page.click('.popup >> text="Sign out"');
  await page.waitForURL('**/login');
  expect(await hasSession(page)).toBe(false);
  await page.goto(operator.url + keysPath);
  expect(new URL(page.url()).pathname).toBe('/login');
  await close();
});

describe('self-service', () => {
  const namespace = 'accesskey-self-service';
  let selfService: OperatorProcess;

  beforeAll(async () => {
    const { kubectl } = setup.cluster;
    await createNamespace(kubectl, namespace);
    await kubectl.apply(accessKeyManifest('people', 'of-alice', { user: { name: alice.username } }));
    await waitObserved(kubectl, 'people', 'of-alice');
    const rbac = join(import.meta.dirname, '../../manifests/components/self-service/rbac.yaml');
    await kubectl.run(['apply', '-f', '-'], await readFile(rbac, 'utf8'));
    // The API server does not accept ID tokens for this client.
    const mode = { accessMode: 'self-service', selfService: { namespace } };
    selfService = await setup.startOperator({ clientID: clients.other.id, ...mode });
  });

  test('creates the AccessKey of the user, which the next sign-in opens', async () => {
    const { page, problems, close } = await setup.open(selfService);
    await signOn(page, bob);
    expect((await createKey(page, 'mine')).sk).not.toBe('');
    const { kubectl } = setup.cluster;
    const path = '{.items[*].metadata.annotations.ghippo\\.io/sso-issuer}';
    const issuers = await kubectl.run(['get', 'accesskeys', '-n', namespace, '-o', `jsonpath=${path}`]);
    expect(issuers).toBe(setup.dex.issuer);
    expect(problems()).toEqual([]);
    await close();
    const again = await setup.open(selfService);
    await signOn(again.page, bob);
    expect(await again.page.textContent('main')).toContain('mine');
    await again.close();
  });

  test.each([
    ['with a system: name', root],
    ['whose name an AccessKey in another namespace has', alice],
  ])('refuses a user %s', async (_name, user) => {
    const { page, close } = await setup.open(selfService, '/login/sso');
    expect(await openPage(page, await callbackOf(page, user, setup.dex))).toMatchObject({ status: 403 });
    expect(await hasSession(page)).toBe(false);
    await close();
  });
});
