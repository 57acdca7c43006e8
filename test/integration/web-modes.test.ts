import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { poll } from '../../tools/poll.ts';
import { people, shownPair, signInWithToken, startTestConsole, type TestConsole } from '../support/browser-console.ts';
import { sendForm, signIn } from '../support/console-client.ts';
import { accessKeyManifest, getToken, type Pair, readPair, waitReady } from '../support/platform.ts';

let setup: TestConsole;
let pair: Pair;
const keysPath = '/personal-center/access-keys';

beforeAll(async () => {
  setup = await startTestConsole({ web: { keyPairSignIn: 'view' } });
  const { kubectl } = setup.cluster;
  await kubectl.run(['create', '-f', '-'], JSON.stringify(accessKeyManifest('people', 'alice')));
  await waitReady(kubectl, 'people', 'alice');
  pair = await readPair(kubectl, 'people', 'alice-main');
  await getToken(setup.operator.url, pair);
});
afterAll(() => setup?.stop());

describe('web.keyPairSignIn', () => {
  test('view: users see their pairs and cannot change them', async () => {
    const client = await signIn(setup.operator.url, { method: 'pair', ...pair });
    const text = await (await client.get(keysPath)).text();
    expect(text).toContain(pair.ak);
    expect(text).toContain('which is read-only here. To change keys');
    expect(text).not.toContain('id="menu-main"');
    for (const action of ['disable', 'rotate', 'delete']) {
      const answer = await client.post(`${keysPath}/main/${action}`, { generation: '1' });
      expect([action, answer.status]).toEqual([action, 403]);
    }
  });

  test('off: signing in with a pair fails without revealing whether the pair is valid', async () => {
    const operator = await setup.cluster.startOperator({ web: { keyPairSignIn: 'off' } });
    expect((await sendForm(`${operator.url}/login`, { method: 'pair', ...pair })).status).toBe(401);
    expect(await (await fetch(`${operator.url}/login?method=pair`)).text()).not.toContain('name="sk"');
    await operator.stop();
  });

  test('web.enabled: false disables the pages but not the API', async () => {
    const operator = await setup.cluster.startOperator({ web: { enabled: false } });
    expect((await fetch(`${operator.url}/login`)).status).toBe(404);
    await getToken(operator.url, pair);
    await operator.stop();
  });
});

describe('the inventory of key pairs', () => {
  const file = `${keysPath}/key-pairs.csv`;

  test('is a file for people who may list AccessKeys, however they sign in', async () => {
    const { url } = setup.operator;
    const alice = await signIn(url, { method: 'token', token: people.alice.token });
    expect(await (await alice.get(keysPath)).text()).toContain(`href="${file}">`);
    const answer = await alice.get(file);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="key-pairs.csv"');
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await answer.arrayBuffer());
    expect(text).toMatch(/^\ufeffnamespace,accessKey,keyPair,[\w,]+\r\npeople,alice,main,alice,,Active,.*\r\n$/);
    expect(text).toContain(pair.ak);
    expect(text).not.toContain(pair.sk);
  });

  test('is neither offered nor sent to others', async () => {
    const { url } = setup.operator;
    // The AccessKey of alice has no groups, so her key pair does not have the permissions of developers.
    const clients = [
      signIn(url, { method: 'token', token: people.carol.token }),
      signIn(url, { method: 'pair', ...pair }),
    ];
    for (const client of await Promise.all(clients)) {
      expect(await (await client.get(keysPath)).text()).not.toContain(file);
      const answer = await client.get(file);
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain('list accesskeys.ghippo.io');
    }
  });
});

describe('a form that is sent after the session has ended', () => {
  const path = `${keysPath}/new`;

  test('returns to the form with what was entered, for the same user only', async () => {
    const { page, problems, close } = await setup.open();
    const { url } = setup.operator;
    const submitLate = async (token: string) => {
      await page.fill('#name', 'kept');
      await page.fill('#description', 'entered before the session ended');
      await page.context().clearCookies();
      await page.press('#name', 'Enter');
      await page.waitForURL('**/login?next=*');
      await page.fill('#token', token);
      await page.press('#token', 'Enter');
      await page.waitForURL(`**${path}`);
    };
    const entered = async () => [await page.inputValue('#name'), await page.inputValue('#description')];
    await signInWithToken(page, url, people.alice.token);
    await page.goto(url + path);
    await submitLate(people.alice.token);
    expect(await entered()).toEqual(['kept', 'entered before the session ended']);
    expect(await page.isVisible('[data-restored]')).toBe(true);
    // Nothing is left for a later visit.
    await page.goto(url + path);
    expect(await entered()).toEqual(['', '']);
    expect(await page.isVisible('[data-restored]')).toBe(false);
    await submitLate(people.bob.token);
    expect(await entered()).toEqual(['', '']);
    expect(problems()).toEqual([]);
    await close();
  });
});

test('a form that is sent after signing in again in another tab keeps what was entered', async () => {
  const { page, problems, close } = await setup.open();
  const { url } = setup.operator;
  await signInWithToken(page, url, people.alice.token);
  await page.goto(`${url}${keysPath}/new`);
  await page.fill('#name', 'kept');
  const other = await page.context().newPage();
  await signInWithToken(other, `${url}/login`, people.alice.token);
  await page.press('#name', 'Enter');
  await page.waitForSelector('[data-restored]:visible');
  expect(await page.inputValue('#name')).toBe('kept');
  expect(problems()).toEqual([]);
  await close();
});

test('the page waits for a new pair and shows it', async () => {
  const { kubectl } = setup.cluster;
  await kubectl.run(['create', 'secret', 'generic', 'alice-blocked', '-n', 'people']);
  const { page, problems, close } = await setup.open();
  await signInWithToken(page, setup.operator.url, people.alice.token);
  await page.click('a:has-text("Create key")');
  await page.fill('#name', 'blocked');
  await page.click('button:has-text("Create key")');
  await page.waitForSelector('text="Your key is being created"');
  await kubectl.run(['delete', 'secret', 'alice-blocked', '-n', 'people']);
  const shown = await poll(
    'the pair',
    async () => {
      if (await page.locator('text="Check again"').count()) await page.click('text="Check again"');
      return (await page.locator('#shown-sk').count()) > 0 && shownPair(page);
    },
    90_000,
  );
  expect(await readPair(kubectl, 'people', 'alice-blocked')).toEqual(shown);
  expect(problems()).toEqual([]);
  await close();
});

test('the page reports an unavailable API server and recovers with it', async () => {
  const { page, close } = await setup.open();
  await signInWithToken(page, setup.operator.url, people.bob.token);
  await setup.cluster.controlPlane.stopApiServer('SIGKILL');
  const answer = await page.goto(setup.operator.url + keysPath);
  expect(answer?.status()).toBe(503);
  expect(await page.textContent('main')).toContain('The cluster is currently unavailable');
  await setup.cluster.controlPlane.startApiServer();
  await poll('the page', async () => (await page.goto(setup.operator.url + keysPath))?.status() === 200);
  await close();
});
