/** The console behind a real oauth2-proxy, which signs users in at a real Dex. kube-apiserver trusts the same Dex. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../../tools/control-plane/ports.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startBrowser, type TestBrowser, type WatchedPage } from '../support/browser.ts';
import { createKey, people } from '../support/browser-console.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { clientOf, sendForm } from '../support/console-client.ts';
import { cookiesOf } from '../support/cookie-browser.ts';
import { type Dex, dexUsers, startDex } from '../support/dex.ts';
import { type OAuth2Proxy, oauth2ProxyCallback, startOAuth2Proxy } from '../support/oauth2-proxy.ts';
import { createNamespace } from '../support/platform.ts';
import { signInAtDex, trustDex } from '../support/sign-on-with-dex.ts';

const { alice, bob, root } = dexUsers;
const keysPath = '/personal-center/access-keys';
const client = { id: 'console', secret: 'secret-of-the-proxy', redirectURIs: [] as string[] };
const otherClient = { id: 'other', secret: 'secret-of-another-client', redirectURIs: [] };
let directory: string;
let dex: Dex;
let cluster: TestCluster;
let operator: OperatorProcess;
let proxy: OAuth2Proxy;
let browser: TestBrowser;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'accesskey-authenticating-proxy-'));
  const [port = 0] = await freePorts(1);
  client.redirectURIs.push(oauth2ProxyCallback(port));
  dex = await startDex({ clients: [client, otherClient] });
  const apiServerArguments = await trustDex(dex, directory, [client]);
  cluster = await startTestCluster({ apiServerArguments, people: [people.carol] });
  const { kubectl } = cluster;
  await createNamespace(kubectl, 'people');
  await kubectl.run(['create', 'rolebinding', 'edit', '-n', 'people', '--clusterrole=edit', '--group=developers']);
  operator = await cluster.startOperator({
    http: { address: '127.0.0.1', port: 0, plain: true, trustedProxies: ['127.0.0.1/32'] },
    web: {
      publicUrl: `https://127.0.0.1:${port}`,
      authenticatingProxy: { enabled: true, signOutUrl: '/oauth2/sign_out?rd=%2Fdeployments' },
    },
  });
  proxy = await startOAuth2Proxy({ port, upstream: operator.url, dex, client });
  browser = await startBrowser();
  // The API server fetches the keys of Dex in the background.
  const token = await dex.idToken(alice, client);
  await poll('the API server to trust Dex', async () => (await fromPeer('127.0.0.1', keysPath, token)).status === 200);
});
afterAll(async () => {
  await browser?.close();
  await proxy?.stop();
  await cluster?.stop();
  await dex?.remove();
  await rm(directory, { recursive: true, force: true });
});

/** Sends a request to the operator without the proxy, from an address of the loopback network. */
async function fromPeer(localAddress: string, path: string, token: string, headers: Record<string, string> = {}) {
  const sent = request(operator.url + path, {
    localAddress,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const { location, 'www-authenticate': challenge } = response.headers;
  return { status: response.statusCode, location, challenge, text: await text(response) };
}

/** Opens the console in a new browser, which the proxy redirects to Dex. */
async function openConsole(path: string): Promise<WatchedPage> {
  const opened = await browser.open({
    origin: proxy.url,
    // The browser visits Dex on purpose, and its icon is missing.
    expected: [new RegExp(`^request to ${dex.issuer}`), /status of 404/],
    context: { ignoreHTTPSErrors: true },
  });
  await opened.page.goto(proxy.url + path);
  return opened;
}

describe('in Chromium', () => {
  test('signs the user in at Dex, and creates a key', async () => {
    const { page, problems, close } = await openConsole(keysPath);
    await signInAtDex(page, alice);
    await page.waitForURL(proxy.url + keysPath);
    expect(await page.textContent('.popup .who')).toBe('alice');
    const pair = await createKey(page, 'first');
    expect(pair.sk).not.toBe('');
    await page.goto(`${proxy.url}/personal-center/profile`);
    expect(await page.textContent('main')).toContain('Authenticating proxy');
    const cookies = (await page.context().cookies()).map(({ name }) => name);
    expect(cookies).toContain('_oauth2_proxy');
    expect(cookies.filter((name) => name.includes('accesskey-session'))).toEqual([]);
    expect(problems()).toEqual([]);
    await close();
  });

  test('opens the requested page instead of the sign-in page', async () => {
    const { page, close } = await openConsole('/login?next=%2Fdeployments');
    await signInAtDex(page, bob);
    await page.waitForURL(`${proxy.url}/deployments`);
    await close();
  });

  test('signs out at the proxy, and signs in another user', async () => {
    const { page, close } = await openConsole(keysPath);
    await signInAtDex(page, alice);
    await page.waitForURL(proxy.url + keysPath);
    await page.click('.account > summary');
    await page.click('.popup >> text="Sign out"');
    await signInAtDex(page, bob);
    await page.waitForURL(`${proxy.url}/deployments`);
    expect(await page.textContent('.popup .who')).toBe('bob');
    await close();
  });

  test('rejects a form with the form token of another user', async () => {
    const { page, close } = await openConsole(keysPath);
    await signInAtDex(page, alice);
    await page.waitForURL(proxy.url + keysPath);
    const bobsPage = await fromPeer('127.0.0.1', keysPath, await dex.idToken(bob, client));
    const form_token = /name="form_token" value="([^"]+)"/.exec(bobsPage.text)?.[1] ?? '';
    const answer = await page.request.post(`${proxy.url}/logout`, {
      form: { form_token },
      headers: { Origin: proxy.url },
      maxRedirects: 0,
    });
    expect([answer.status(), await answer.text()]).toEqual([403, expect.stringContaining('form')]);
    await close();
  });

  test('ignores an Authorization header that the browser adds', async () => {
    const { page, close } = await openConsole(keysPath);
    await signInAtDex(page, alice);
    await page.waitForURL(proxy.url + keysPath);
    const headers = { Authorization: `Bearer ${await dex.idToken(bob, client)}` };
    const answer = await page.request.get(proxy.url + keysPath, { headers });
    expect(/<p class="who">(\w+)/.exec(await answer.text())?.[1]).toBe('alice');
    await close();
  });
});

describe('a token that the proxy sends', () => {
  test.each([
    ['for another client', () => dex.idToken(alice, otherClient)],
    ['of a user with a system: name', () => dex.idToken(root, client)],
    ['that is invalid', async () => 'x.y.z'],
  ])('%s is rejected, with a link to sign out', async (_name, token) => {
    const answer = await fromPeer('127.0.0.1', keysPath, await token());
    expect(answer.status).toBe(401);
    expect(answer.challenge).toBe('Bearer realm="console", error="invalid_token"');
    expect(answer.text).toContain('The cluster rejected the token that the proxy sent for you.');
    expect(answer.text).toContain('href="/oauth2/sign_out?rd=%2Fdeployments"');
    const login = await fromPeer('127.0.0.1', '/login', await token());
    expect(login.status).toBe(401);
  });

  test('takes precedence over a session cookie', async () => {
    const byCarol = { method: 'token', token: people.carol.token };
    const signedIn = await sendForm(`${operator.url}/login`, byCarol, { Origin: proxy.url });
    const cookie = cookiesOf(signedIn);
    expect(await (await clientOf(operator.url, cookie).get('/personal-center/profile')).text()).toContain('carol');
    const both = await fromPeer('127.0.0.1', '/personal-center/profile', await dex.idToken(alice, client), { cookie });
    expect(both.text).toContain('alice');
    expect(both.text).not.toContain('carol');
    const rejected = await fromPeer('127.0.0.1', '/personal-center/profile', 'x.y.z', { cookie });
    expect(rejected.status).toBe(401);
  });

  test('is ignored from an address that is not trusted, with a page that says so', async () => {
    const token = await dex.idToken(alice, client);
    const answer = await fromPeer('127.0.0.2', keysPath, token, { 'X-Forwarded-For': '127.0.0.1' });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('did not come through a trusted proxy');
    expect((await fromPeer('127.0.0.2', '/login', token)).status).toBe(200);
  });
});
