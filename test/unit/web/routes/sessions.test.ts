import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openSession } from '../../../../src/web/session/session.ts';
import { type CookieBrowser, locationOf } from '../../../support/cookie-browser.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../../../support/identity-provider.ts';
import { signOn } from '../../../support/provider-sign-on.ts';
import {
  createSignOnConsole,
  type SignOnConsole,
  type SignOnConsoleOptions,
} from '../../../support/sign-on-in-memory.ts';

const profile = '/personal-center/profile';
const cookieName = '__Host-accesskey-session';

let provider: TestIdentityProvider;
let site: SignOnConsole;

beforeAll(async () => {
  provider = await startIdentityProvider();
});
afterEach(async () => {
  vi.restoreAllMocks();
  provider.misbehave('/token', undefined);
  provider.overrideClaims({});
  provider.idTokenSeconds = 600;
  provider.refreshTokens = true;
  await site.singleSignOn.provider.close();
});
afterAll(() => provider.stop());

async function signedOn(parts: Partial<SignOnConsoleOptions> = {}): Promise<CookieBrowser> {
  site = createSignOnConsole({ provider, ...parts });
  const browser = site.browser();
  await signOn(browser, provider);
  return browser;
}

/** The next page is the sign-in page, which says that the session has ended and returns to the same page. */
async function expectEnded(browser: CookieBrowser): Promise<void> {
  const location = locationOf(await browser.get(profile));
  expect(location).toBe(`/login?next=${encodeURIComponent(profile)}`);
  expect(await (await browser.get(location)).text()).toContain('Your session has ended');
  expect(await (await browser.get(location)).text()).not.toContain('Your session has ended');
}

const refreshes = () => provider.requests.filter((path) => path === '/token').length;

/** @returns the session in the cookie */
async function sessionOf(browser: CookieBrowser) {
  const sealed = (browser.jar.get(cookieName) ?? '').replace(/^1\./, '');
  const session = await openSession(sealed, site.keys, 0);
  if (session?.kind !== 'token' || !session.sso) throw new Error('no session');
  return { ...session, sso: session.sso };
}

describe('a session with a refresh token', () => {
  test('is refreshed shortly before its ID token expires', async () => {
    const browser = await signedOn();
    const before = await sessionOf(browser);
    site.advance(470_000);
    await browser.get(profile);
    expect(await sessionOf(browser)).toMatchObject({ token: before.token });
    site.advance(15_000);
    expect((await browser.get(profile)).status).toBe(200);
    const after = await sessionOf(browser);
    expect(after.id).toBe(before.id);
    expect(after.sso.refreshToken).not.toBe(before.sso.refreshToken);
    expect(decodeJwt(after.token).sub).toBe('sub-of-alice');
  });

  test('is refreshed once for several tabs, also with the previous cookie', async () => {
    const browser = await signedOn();
    const before = refreshes();
    site.advance(500_000);
    const tabs = [browser.copy(), browser.copy(), browser.copy()];
    const statuses = await Promise.all(tabs.map(async (tab) => (await tab.get(profile)).status));
    expect(statuses).toEqual([200, 200, 200]);
    expect((await browser.get(profile)).status).toBe(200);
    expect(refreshes() - before).toBe(1);
  });

  test('continues until the ID token expires if another replica has used the refresh token', async () => {
    const browser = await signedOn();
    const other = browser.copy();
    site.advance(500_000);
    await browser.get(profile);
    const replica = createSignOnConsole({ provider });
    replica.advance(500_000);
    const tab = replica.browser();
    for (const [name, value] of other.jar) tab.jar.set(name, value);
    expect((await tab.get(profile)).status).toBe(200);
    // The browser shares the cookies of its tabs, so the next request has the new ones.
    expect(tab.jar.get(cookieName)).not.toBe(browser.jar.get(cookieName));
    await replica.singleSignOn.provider.close();
  });

  test('does not change to another user', async () => {
    const browser = await signedOn();
    provider.overrideClaims({ sub: 'sub-of-mallory', email: 'mallory@example.org' });
    site.advance(500_000);
    const page = await (await browser.get(profile)).text();
    expect(page).toContain('alice@example.org');
    expect(page).not.toContain('mallory');
    expect(site.lines).toContainEqual(expect.objectContaining({ reason: 'refreshed ID token has another sub' }));
  });

  test('ends with its ID token if the provider refuses to refresh it', async () => {
    const browser = await signedOn();
    provider.misbehave('/token', { status: 400, body: '{"error":"invalid_grant"}' });
    site.advance(500_000);
    expect((await browser.get(profile)).status).toBe(200);
    site.advance(101_000);
    await expectEnded(browser);
  });

  test.each<[string, object]>([
    ['cannot answer', { status: 503 }],
    ['limits the rate', { status: 429, body: '{"error":"slow_down"}' }],
    ['sends something invalid', { body: '{}' }],
  ])('is refreshed after ten seconds if the provider first %s', async (_, response) => {
    const browser = await signedOn();
    const before = await sessionOf(browser);
    provider.misbehave('/token', response);
    site.advance(500_000);
    const requests = refreshes();
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await browser.get(profile)).status).toBe(200);
    expect(refreshes() - requests).toBe(1);
    provider.misbehave('/token', undefined);
    site.advance(10_000);
    const later = performance.now() + 10_001;
    vi.spyOn(performance, 'now').mockReturnValue(later);
    const refreshed = async () => {
      expect((await browser.get(profile)).status).toBe(200);
      return (await sessionOf(browser)).token;
    };
    // The cache reads the clock once in a millisecond.
    await expect.poll(refreshed).not.toBe(before.token);
  });

  test('ends after the maximum duration although it is used', async () => {
    const browser = await signedOn({ options: { sessionMinutes: 20 } });
    site.advance(500_000);
    expect((await browser.get(profile)).status).toBe(200);
    site.advance(701_000);
    await expectEnded(browser);
  });
});

describe('a session without a refresh token', () => {
  test('ends with its ID token', async () => {
    provider.refreshTokens = false;
    const browser = await signedOn();
    site.advance(550_000);
    expect((await browser.get(profile)).status).toBe(200);
    site.advance(51_000);
    await expectEnded(browser);
  });
});

describe('the idle timeout', () => {
  const idle = { options: { idleMinutes: 30 } };
  const minutes = (count: number) => count * 60_000;

  test('ends a session that is not used', async () => {
    provider.idTokenSeconds = 28_800;
    const browser = await signedOn(idle);
    site.advance(minutes(31));
    await expectEnded(browser);
    expect(browser.jar.has(cookieName)).toBe(false);
  });

  test('starts again with each use', async () => {
    provider.idTokenSeconds = 28_800;
    const browser = await signedOn(idle);
    for (let use = 0; use < 4; use += 1) {
      site.advance(minutes(20));
      expect((await browser.get(profile)).status).toBe(200);
    }
  });

  test('is not postponed by the script of an open page', async () => {
    provider.idTokenSeconds = 28_800;
    const browser = await signedOn(idle);
    site.advance(minutes(20));
    expect((await browser.get(`${profile}?fragment=1`)).status).toBe(200);
    site.advance(minutes(11));
    const ended = await browser.get(`${profile}?fragment=1`);
    expect([ended.status, ended.headers.get('WWW-Authenticate')]).toEqual([401, 'AccessKey realm="console"']);
  });
});

describe('the cookie of a session', () => {
  const lineOf = (response: Response) =>
    response.headers.getSetCookie().find((one) => one.startsWith(cookieName)) ?? '';

  test('outlives the session, so that the sign-in page can say that it has ended', async () => {
    site = createSignOnConsole({ provider, options: { sessionMinutes: 60 } });
    expect(lineOf(await signOn(site.browser(), provider))).toMatch(/Max-Age=(8999\d|90000);/);
  });

  test('is deleted with the browser if configured', async () => {
    site = createSignOnConsole({ provider, options: { endWithBrowser: true } });
    expect(lineOf(await signOn(site.browser(), provider))).not.toMatch(/Max-Age|Expires/);
  });
});

describe('a session that was signed out', () => {
  const signOut = async (browser: CookieBrowser) => {
    const [, formToken = ''] =
      /name="form_token" value="([^"]+)"/.exec(await (await browser.get(profile)).text()) ?? [];
    return browser.post('/logout', { form_token: formToken });
  };

  test('is not accepted again with a copy of its cookie', async () => {
    const browser = await signedOn();
    const copy = browser.copy();
    expect((await signOut(browser)).status).toBe(200);
    expect((await copy.get(profile)).status).toBe(303);
  });

  test('does not come back with a refresh that was in flight', async () => {
    const browser = await signedOn();
    const tab = browser.copy();
    site.advance(500_000);
    const [signedOut, late] = await Promise.all([signOut(browser), tab.get(profile)]);
    expect(signedOut.status).toBe(200);
    const after = await tab.get(profile);
    expect([after.status, tab.jar.has(cookieName)]).toEqual([303, false]);
    expect([200, 303]).toContain(late.status);
  });
});
