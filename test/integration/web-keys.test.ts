import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  choose,
  createKey,
  disableKey,
  people,
  shownPair,
  signInWithPair,
  signInWithToken,
  startTestConsole,
  type TestConsole,
} from '../support/browser-console.ts';
import { accessKeyManifest, getToken, pairStops, readPair, tokenUrl, waitReady } from '../support/platform.ts';

let setup: TestConsole;

beforeAll(async () => {
  setup = await startTestConsole();
});
afterAll(() => setup?.stop());

interface Live {
  spec: {
    user: object;
    keyPairs: { name: string; enabled?: boolean; expiresAt?: string; description?: string; revision?: number }[];
  };
}
const live = (name: string) => setup.cluster.kubectl.get<Live>('accesskey', name, '-n', 'people');

describe('signed in with a Kubernetes token', () => {
  test('a user creates an AccessKey and manages its key pairs', async () => {
    const { kubectl } = setup.cluster;
    const { url } = setup.operator;
    const { page, problems, close } = await setup.open();
    await signInWithToken(page, url, people.alice.token);
    expect(await page.textContent('main')).toContain('You have no AccessKey in this cluster yet');

    const first = await createKey(page, 'ci');
    expect(await readPair(kubectl, 'people', 'alice-ci')).toEqual(first);
    const { spec } = await live('alice');
    expect(spec.user).toEqual({ name: 'alice', groups: ['developers', 'on-call'] });
    expect(spec.keyPairs).toEqual([expect.objectContaining({ name: 'ci', enabled: true })]);
    await getToken(url, first);

    await page.click('text="I have saved it"');
    const row = page.locator('#key-ci');
    expect(await row.textContent()).toContain(first.ak);
    expect(await page.content()).not.toContain(first.sk);

    await disableKey(page, 'ci');
    await page.waitForSelector('text="Key ci has been disabled."');
    await pairStops(url, first);
    await choose(page, 'ci', 'Enable');
    await page.waitForSelector('text="Key ci has been enabled."');
    await getToken(url, first);

    await choose(page, 'ci', 'Edit');
    await page.fill('#description', 'Build <b>pipeline</b> & more');
    await page.check('input[value="custom"]');
    await page.fill('#date', '2040-02-29');
    await page.click('text="Save"');
    await page.waitForSelector('text="Key ci has been updated."');
    expect((await live('alice')).spec.keyPairs[0]).toMatchObject({
      description: 'Build <b>pipeline</b> & more',
      expiresAt: '2040-02-29T23:59:59Z',
    });
    expect(await row.textContent()).toContain('Build <b>pipeline</b> & more');
    expect(await row.locator('time[title="2040-02-29 23:59 UTC"]').count()).toBe(1);

    await choose(page, 'ci', 'Rotate now');
    await page.click('button:has-text("Rotate now")');
    const second = await shownPair(page);
    expect(second.ak).not.toBe(first.ak);
    expect(await readPair(kubectl, 'people', 'alice-ci')).toEqual(second);
    await pairStops(url, first);
    await page.click('text="I have saved it"');

    await createKey(page, 'laptop');
    await page.click('text="I have saved it"');
    const button = page.locator('button:has-text("Create Key")');
    expect(await button.getAttribute('aria-disabled')).toBe('true');
    expect(await page.textContent('#create-reason')).toContain('You already have 2 keys');

    await choose(page, 'laptop', 'Delete');
    expect(await page.textContent('main')).toContain('This action cannot be undone');
    await page.click('button:has-text("Delete")');
    await page.waitForSelector('text="Key laptop has been deleted."');
    expect((await live('alice')).spec.keyPairs.map(({ name }) => name)).toEqual(['ci']);
    expect(problems()).toEqual([]);
    await close();
  });

  test('a new key pair can be downloaded after the session has ended, and stays on its page', async () => {
    const { page, problems, close } = await setup.open({ acceptDownloads: true });
    await signInWithToken(page, setup.operator.url, people.bob.token);
    const pair = await createKey(page, 'ci');
    await page.context().clearCookies();
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('a:has-text("JSON")')]);
    expect(JSON.parse(await readFile(await download.path(), 'utf8'))).toEqual({ name: 'ci', ...pair });
    // The browser keeps this URL in its profile.
    expect(download.url()).toMatch(/^blob:/);
    const [trial] = await Promise.all([page.waitForEvent('popup'), page.click('text="Try this key"')]);
    await trial.waitForURL('**/login');
    expect(await shownPair(page)).toEqual(pair);
    expect(problems()).toEqual([]);
    await close();
  });

  test('a key that the browser does not copy is selected instead', async () => {
    const { page, problems, close } = await setup.open();
    await page.addInitScript('navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"))');
    await signInWithToken(page, setup.operator.url, people.alice.token);
    const { sk } = await createKey(page, 'copied');
    await page.click('#shown-sk + [data-copy]');
    await page.waitForFunction('getSelection().toString()');
    expect(await page.evaluate('getSelection().toString()')).toBe(sk);
    expect(await page.textContent('#announcer')).toBe('Not copied. Copy the selected text instead.');
    expect(problems()).toEqual([]);
    await close();
  });

  test('the profile shows the user', async () => {
    const { page, close } = await setup.open();
    await signInWithToken(page, setup.operator.url, people.alice.token);
    await page.click('text="Profile"');
    const text = await page.textContent('main');
    for (const part of ['alice', 'developers', 'on-call', 'people/alice', 'Kubernetes token'])
      expect(text).toContain(part);
    await close();
  });

  test('the page names the missing permission to create an AccessKey', async () => {
    const { page, close } = await setup.open();
    await signInWithToken(page, setup.operator.url, people.carol.token);
    expect(await page.textContent('main')).toContain('create accesskeys.ghippo.io');
    expect(await page.locator('text="Create Key"').count()).toBe(0);
    await close();
  });

  test('the page names the missing permission to read an AccessKey', async () => {
    const { kubectl } = setup.cluster;
    await kubectl.apply(accessKeyManifest('shop', 'carol'));
    await waitReady(kubectl, 'shop', 'carol');
    const { page, close } = await setup.open();
    await signInWithToken(page, setup.operator.url, people.carol.token);
    expect(await page.textContent('main')).toContain('get accesskeys.ghippo.io -n shop');
    await kubectl.run(['delete', 'accesskey', 'carol', '-n', 'shop']);
    await close();
  });

  test('an invalid form keeps the input and shows an error for each field', async () => {
    const { page, close } = await setup.open();
    await signInWithToken(page, setup.operator.url, people.bob.token);
    await page.click('text="Create Key"');
    await page.fill('#name', 'Not A Name');
    await page.check('input[value="custom"]');
    await page.fill('#date', '2001-01-01');
    await page.click('button:has-text("Create Key")');
    expect(await page.textContent('#name-problem')).toContain('lowercase letters');
    expect(await page.textContent('#date-problem')).toContain('in the future');
    expect(await page.inputValue('#name')).toBe('Not A Name');
    await close();
  });
});

describe('signed in with a key pair', () => {
  test('a user manages its own pairs and is signed out when the pair stops working', async () => {
    const { kubectl } = setup.cluster;
    const { url } = setup.operator;
    await kubectl.run(['apply', '--server-side', '-f', '-'], JSON.stringify(accessKeyManifest('shop', 'dora')));
    await waitReady(kubectl, 'shop', 'dora');
    const pair = await readPair(kubectl, 'shop', 'dora-main');
    await getToken(url, pair);
    const { page, problems, close } = await setup.open();
    await signInWithPair(page, url, pair);
    const other = await createKey(page, 'other');
    expect((await fetch(tokenUrl(url, other))).status).toBe(200);
    await page.click('text="I have saved it"');
    const { spec } = await kubectl.get<Live>('accesskey', 'dora', '-n', 'shop');
    expect(spec).toEqual({
      suspended: false,
      user: { name: 'dora' },
      keyPairs: [expect.objectContaining({ name: 'main' }), expect.objectContaining({ name: 'other', enabled: true })],
    });
    await disableKey(page, 'main');
    await page.waitForURL('**/login?**');
    expect(await page.textContent('main')).toContain('Your session has ended');
    expect(problems()).toEqual([]);
    await close();
    const records = setup.cluster.operatorOutput().map((line) => JSON.parse(line) as Record<string, unknown>);
    const changes = records.filter(({ event, actor }) => String(event).startsWith('key.') && actor === 'dora');
    const shared = { audit: true, signedInWith: 'key pair', accessKey: 'shop/dora', user: 'dora' };
    expect(changes).toMatchObject([
      { event: 'key.created', pairName: 'other', ...shared },
      { event: 'key.revealed', pairName: 'other', ...shared },
      { event: 'key.disabled', pairName: 'main', ...shared },
    ]);
  });
});
