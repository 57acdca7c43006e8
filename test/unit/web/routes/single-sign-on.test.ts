import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createReviewBudget } from '../../../../src/http/common/review-budget.ts';
import { ConnectionError } from '../../../../src/kube/errors.ts';
import { type CookieBrowser, locationOf } from '../../../support/cookie-browser.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../../../support/identity-provider.ts';
import { hiddenFields } from '../../../support/key-console.ts';
import { pathOf, signOn, start } from '../../../support/provider-sign-on.ts';
import { createSignOnConsole, type SignOnConsole } from '../../../support/sign-on-in-memory.ts';

const alice = { sub: 'sub-of-alice', email: 'alice@example.org' };
const profile = '/personal-center/profile';
const home = '/personal-center/access-keys';

let provider: TestIdentityProvider;
let site: SignOnConsole;
let browser: CookieBrowser;

beforeAll(async () => {
  provider = await startIdentityProvider({ authorization_response_iss_parameter_supported: false });
});
beforeEach(() => {
  site = createSignOnConsole({ provider });
  browser = site.browser();
});
afterEach(async () => {
  vi.restoreAllMocks();
  provider.overrideClaims({});
  for (const path of ['/token', '/keys', '/.well-known/openid-configuration']) provider.misbehave(path, undefined);
  provider.idTokenSeconds = 600;
  provider.refreshTokens = true;
  await site.singleSignOn.provider.close();
});
afterAll(() => provider.stop());

/** Signs in with a response of the provider that must be refused. */
async function expectRefusal(response: Response, status: number, text: string): Promise<void> {
  const body = await response.text();
  expect({ status: response.status, body }).toMatchObject({ status, body: expect.stringContaining(text) });
  expect(body).toContain('/login/sso?next=');
  expect((await browser.get(profile)).status).toBe(303);
}

describe('the sign-in page', () => {
  test('has single sign-on first, and the other ways below', async () => {
    const page = await (await browser.get('/login?next=/deployments')).text();
    expect(page).toContain('href="/login/sso?next=%2Fdeployments"');
    expect(page).toMatch(/<details class="more other-ways" >.*Other ways to sign in.*id="token"/s);
  });

  test('uses the configured label, escaped', async () => {
    site = createSignOnConsole({ provider, oidc: { buttonLabel: 'Sign in with <Dex>' } });
    expect(await (await site.browser().get('/login')).text()).toContain('Sign in with &lt;Dex&gt;');
  });

  test('omits the ways that are disabled', async () => {
    site = createSignOnConsole({ provider, options: { tokenSignIn: false, keyPairSignIn: 'off' } });
    const page = await (await site.browser().get('/login')).text();
    expect(page).toContain('id="sso"');
    expect(page).not.toMatch(/other-ways|id="token"|id="ak"/);
  });

  test('rejects a token if sign-in with a token is disabled', async () => {
    site = createSignOnConsole({ provider, options: { tokenSignIn: false } });
    const response = await site.browser().post('/login', { method: 'token', token: 'a-token' });
    expect([response.status, response.headers.get('WWW-Authenticate')]).toEqual([401, 'AccessKey realm="console"']);
  });
});

describe('a sign-in', () => {
  test('redirects to the provider with PKCE, state and nonce', async () => {
    const url = new URL(await start(browser));
    expect(url.origin + url.pathname).toBe(`${provider.issuer}/authorize`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'accesskey-console',
      redirect_uri: 'https://keys.example.org/login/callback',
      response_type: 'code',
      scope: 'openid email',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  test('keeps the flow in a cookie that only the server can read', async () => {
    const response = await browser.get('/login/sso');
    const [cookie = ''] = response.headers.getSetCookie();
    expect(cookie).toMatch(/^__Host-accesskey-sign-in-[\w-]{16}=/);
    for (const attribute of ['HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/', 'Max-Age=600']) {
      expect(cookie).toContain(attribute);
    }
    expect(cookie).not.toContain(new URL(locationOf(response)).searchParams.get('state'));
  });

  test('starts a session and returns to the requested page', async () => {
    const response = await signOn(browser, provider, alice, '/personal-center/use?a=1');
    expect([response.status, locationOf(response)]).toEqual([303, '/personal-center/use?a=1']);
    const page = await (await browser.get(profile)).text();
    expect(page).toContain('alice@example.org');
    expect(page).toContain('Single sign-on');
    expect(site.lines).toContainEqual(
      expect.objectContaining({
        audit: true,
        event: 'web.sign-in',
        signIn: 'single-sign-on',
        user: 'alice@example.org',
      }),
    );
  });

  test.each(['https://evil.example.org/', '//evil.example.org', '/\\evil.example.org', '/login'])(
    'never returns to %s',
    async (next) => {
      expect(locationOf(await signOn(browser, provider, alice, next))).toBe(home);
    },
  );

  test('works in two tabs at the same time', async () => {
    const [first, second] = [await start(browser, '/deployments'), await start(browser)];
    const back = (url: string) => browser.get(pathOf(provider.authorize(url, alice)));
    expect(locationOf(await back(first))).toBe('/deployments');
    expect(locationOf(await back(second))).toBe(home);
  });

  test('keeps at most four started sign-ins', async () => {
    for (let count = 0; count < 7; count += 1) await start(browser);
    expect([...browser.jar.keys()].filter((name) => name.includes('sign-in')).length).toBe(4);
  });

  test.each(['cross-site', 'same-site'])('cannot be started by another site (%s)', async (site) => {
    const response = await browser.get('/login/sso?next=/deployments', { 'Sec-Fetch-Site': site });
    expect([response.status, locationOf(response)]).toEqual([303, '/login?next=%2Fdeployments']);
  });

  test('verifies a signature with a key that was just rotated', async () => {
    await signOn(browser, provider);
    await provider.rotateKey();
    expect((await signOn(browser, provider)).status).toBe(303);
  });

  test('has no secret in the log', async () => {
    await signOn(browser, provider);
    expect(JSON.stringify(site.lines)).not.toMatch(/eyJ|code=|state=|secret/);
  });
});

describe('a callback is refused', () => {
  const tokenRequests = () => provider.requests.filter((path) => path === '/token').length;
  const stateOf = (url: string) => new URL(url).searchParams.get('state') ?? '';

  test('without a started sign-in', async () => {
    await expectRefusal(await browser.get('/login/callback?code=a&state=b'), 400, 'was not started in this browser');
  });

  test('without any parameter', async () => {
    await expectRefusal(await browser.get('/login/callback'), 400, 'was not started in this browser');
  });

  test('in another browser than the one that started it', async () => {
    const url = await start(site.browser());
    await expectRefusal(await browser.get(pathOf(provider.authorize(url, alice))), 400, 'was not started');
  });

  test('the second time', async () => {
    const callback = pathOf(provider.authorize(await start(browser), alice));
    const thief = browser.copy();
    expect((await browser.get(callback)).status).toBe(303);
    expect((await browser.get(callback)).status).toBe(400);
    browser = thief;
    const before = provider.requests.length;
    await expectRefusal(await browser.get(callback), 400, 'was not started');
    expect(provider.requests).toHaveLength(before);
  });

  test('also if the first one failed', async () => {
    const callback = `/login/callback?${new URLSearchParams({ code: 'guess', state: stateOf(await start(browser)) })}`;
    const copies = [browser.copy(), browser.copy(), browser.copy()];
    const before = tokenRequests();
    await expectRefusal(await browser.get(callback), 400, 'has expired or was already used');
    for (const copy of copies) expect((await copy.get(callback)).status).toBe(400);
    expect(tokenRequests() - before).toBe(1);
  });

  test('with 429 and without a request to the provider, after too many failures of the address', async () => {
    // An address may fail twenty times as often as an account.
    const tokenBudget = createReviewBudget({ burst: 1, refillSeconds: 3600 });
    site = createSignOnConsole({ provider, dependencies: { tokenBudget } });
    const guess = async () => {
      const attacker = site.browser();
      return attacker.get(`/login/callback?code=guess&state=${stateOf(await start(attacker))}`);
    };
    const cancel = async () => {
      const person = site.browser();
      return person.get(`/login/callback?error=access_denied&state=${stateOf(await start(person))}`);
    };
    // A sign-in that succeeds is no failure, nor is an outage or a sign-in that was canceled.
    for (let count = 0; count < 21; count += 1) expect((await signOn(site.browser(), provider)).status).toBe(303);
    for (let count = 0; count < 21; count += 1) expect((await cancel()).status).toBe(403);
    provider.misbehave('/token', { status: 503 });
    for (let count = 0; count < 21; count += 1) expect((await guess()).status).toBe(503);
    provider.misbehave('/token', undefined);
    const before = tokenRequests();
    for (let count = 0; count < 20; count += 1) expect((await guess()).status).toBe(400);
    const response = await guess();
    const retryAfter = Number(response.headers.get('Retry-After'));
    expect([retryAfter > 0, retryAfter <= 180]).toEqual([true, true]);
    await expectRefusal(response, 429, 'Too many failed attempts');
    expect(tokenRequests() - before).toBe(20);
  });

  test('after ten minutes', async () => {
    const callback = pathOf(provider.authorize(await start(browser), alice));
    site.advance(601_000);
    await expectRefusal(await browser.get(callback), 400, 'was not started');
  });

  test('with a code of another flow', async () => {
    const [first, second] = [await start(browser), await start(browser)];
    const code = new URL(provider.authorize(first, alice)).searchParams.get('code') ?? '';
    const callback = new URL(provider.authorize(second, alice));
    callback.searchParams.set('code', code);
    await expectRefusal(await browser.get(pathOf(callback.href)), 400, 'has expired or was already used');
  });

  test.each([
    ['a second state', '&state=other'],
    ['a second code', '&code=other'],
    ['the issuer of another provider', '&iss=https://evil.example.org'],
  ])('with %s', async (_, suffix) => {
    const callback = pathOf(provider.authorize(await start(browser), alice)) + suffix;
    await expectRefusal(await browser.get(callback), 403, 'was rejected');
  });

  test.each(['access_denied', 'consent_required', '<script>'])('with the error %s', async (error) => {
    const state = new URL(await start(browser)).searchParams.get('state') ?? '';
    const query = new URLSearchParams({ state, error, error_description: '<b>no</b>' });
    const response = await browser.get(`/login/callback?${query}`);
    await expectRefusal(response, 403, 'canceled or denied');
    const refused = site.lines.find((line) => line.event === 'web.sign-in-refused');
    expect(refused).toMatchObject({ audit: true, refused: 'ssoDenied' });
  });

  test('as a POST', async () => {
    expect((await browser.post('/login/callback', { code: 'a', state: 'b' })).status).toBeGreaterThanOrEqual(400);
  });

  test('if the cluster does not accept the ID token', async () => {
    site = createSignOnConsole({ provider, rejects: () => true });
    browser = site.browser();
    await expectRefusal(await signOn(browser, provider), 403, 'the cluster does not accept your ID token');
  });
});

describe('an ID token is refused', () => {
  const past = Math.floor(Date.now() / 1000) - 3600;
  test.each<[string, Record<string, unknown>]>([
    ['for another audience', { aud: 'another-client' }],
    ['for several audiences without azp', { aud: ['accesskey-console', 'another-client'] }],
    ['of another issuer', { iss: 'https://evil.example.org' }],
    ['with another nonce', { nonce: 'other' }],
    ['without a nonce', { nonce: null }],
    ['that has expired', { exp: past }],
    ['from the future', { nbf: Math.floor(Date.now() / 1000) + 3600 }],
    ['without an expiry', { exp: null }],
    ['without sub', { sub: null }],
    ['with a sub of another type', { sub: 7 }],
  ])('%s', async (_, claims) => {
    provider.overrideClaims(claims);
    await expectRefusal(await signOn(browser, provider), 403, 'was rejected');
  });

  test('signed with an unknown key', async () => {
    await provider.rotateKey({ publish: false });
    await expectRefusal(await signOn(browser, provider), 403, 'was rejected');
    await provider.rotateKey();
  });
});

describe('a provider', () => {
  const discovery = '/.well-known/openid-configuration';
  test.each<[string, string, object, number, string]>([
    ['has no discovery document', discovery, { status: 404 }, 403, 'was rejected'],
    ['redirects the discovery', discovery, { status: 302 }, 403, 'was rejected'],
    ['sends no JSON', discovery, { body: '<html>' }, 403, 'was rejected'],
    ['sends another issuer', discovery, { body: '{"issuer":"https://evil.example.org"}' }, 403, 'was rejected'],
    ['sends a large document', discovery, { body: `{"a":"${'x'.repeat(2_000_000)}"}` }, 403, 'was rejected'],
  ])('%s', async (_, path, response, status, text) => {
    provider.misbehave(path, response);
    await expectRefusal(await browser.get('/login/sso'), status, text);
  });

  test.each<[string, string, object]>([
    ['responds with HTML', '/token', { contentType: 'text/html', body: '<html>' }],
    ['responds without an ID token', '/token', { body: '{"access_token":"a","token_type":"bearer"}' }],
    [
      'sends an ID token that is no JWT',
      '/token',
      { body: '{"access_token":"a","token_type":"bearer","id_token":"x"}' },
    ],
    ['rejects the client', '/token', { status: 401, body: '{"error":"invalid_client"}' }],
    ['has no key set', '/keys', { status: 404 }],
    ['has an invalid key set', '/keys', { body: '[]' }],
  ])('that %s causes no 5xx', async (_, path, response) => {
    provider.misbehave(path, response);
    await expectRefusal(await signOn(browser, provider), 403, 'was rejected');
  });

  test.each<[string, object]>([
    ['/token', { status: 500, body: '{}' }],
    ['/token', { status: 502, contentType: 'text/html', body: '<html>' }],
    ['/token', { status: 503, body: '{"error":"server_error"}' }],
    ['/token', { status: 429, body: '{"error":"slow_down"}' }],
    ['/token', { status: 429, contentType: 'text/html', body: '<html>' }],
    [discovery, { status: 503 }],
  ])('that cannot answer at %s is unavailable: %o', async (path, response) => {
    const url = await start(browser);
    provider.misbehave(path, response);
    if (path === discovery) {
      site = createSignOnConsole({ provider });
      await expectRefusal(await site.browser().get('/login/sso'), 503, 'does not respond');
    } else {
      const callback = pathOf(provider.authorize(url, alice));
      await expectRefusal(await browser.get(callback), 503, 'does not respond');
    }
  });

  test('that does not respond is reported with the other ways to sign in, and asked again later', async () => {
    const other = await startIdentityProvider();
    site = createSignOnConsole({ provider: other });
    browser = site.browser();
    await other.stop();
    const response = await browser.get('/login/sso');
    const page = await response.text();
    expect(response.status).toBe(503);
    expect(page).toContain('The identity provider does not respond');
    expect(page).toMatch(/<details class="more other-ways" open>/);
    expect((await browser.get('/login')).status).toBe(200);
  });

  test('is discovered once', async () => {
    const before = provider.requests.length;
    await Promise.all([start(browser), start(browser), start(browser)]);
    await start(browser);
    expect(provider.requests.slice(before)).toEqual(['/.well-known/openid-configuration']);
  });

  test('that failed is asked again after three seconds, also if the clock was set back', async () => {
    provider.misbehave('/.well-known/openid-configuration', { status: 500 });
    expect((await browser.get('/login/sso')).status).toBe(503);
    provider.misbehave('/.well-known/openid-configuration', undefined);
    expect((await browser.get('/login/sso')).status).toBe(503);
    site.advance(-3_600_000);
    const later = performance.now() + 3_001;
    vi.spyOn(performance, 'now').mockReturnValue(later);
    expect((await browser.get('/login/sso')).status).toBe(303);
  });
});

describe('signing out', () => {
  async function signOut(page: SignOnConsole, user = alice): Promise<Response> {
    browser = page.browser();
    await signOn(browser, provider, user);
    const [, formToken = ''] =
      /name="form_token" value="([^"]+)"/.exec(await (await browser.get(profile)).text()) ?? [];
    return browser.post('/logout', { form_token: formToken });
  }

  test('also ends the session at the provider, without the ID token in a URL', async () => {
    const response = await signOut(site);
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page).toContain(`<form method="post" action="${provider.issuer}/logout" data-submit>`);
    expect(page).toMatch(/name="id_token_hint" value="eyJ/);
    expect(page).toContain('name="client_id" value="accesskey-console"');
    expect(page).toContain('name="post_logout_redirect_uri" value="https://keys.example.org/login/signed-out"');
    expect(response.headers.get('Content-Security-Policy')).toContain(`form-action 'self' ${provider.issuer};`);
    expect((await browser.get(profile)).status).toBe(303);
    expect(site.lines).toContainEqual(expect.objectContaining({ audit: true, event: 'web.sign-out' }));
  });

  test('returns from the provider to the sign-in page', async () => {
    const response = await browser.get('/login/signed-out', { 'Sec-Fetch-Site': 'cross-site' });
    expect(locationOf(response)).toBe('/login');
  });

  test.each(['cluster', 'ended sign-ons'] as const)('works while the %s cannot be read', async (failing) => {
    let isDown = false;
    const has = () => (isDown && failing === 'ended sign-ons' ? undefined : false);
    const rejects = () => {
      if (isDown && failing === 'cluster') throw new ConnectionError('the API server is down');
      return false;
    };
    site = createSignOnConsole({ provider, rejects, ended: { has, add: async () => undefined } });
    browser = site.browser();
    await signOn(browser, provider, alice);
    const page = await (await browser.get(profile)).text();
    isDown = true;
    expect((await browser.get(profile)).status).toBe(503);
    expect((await browser.post('/logout', { form_token: 'other' })).status).toBe(503);
    const response = await browser.post('/logout', hiddenFields(page, 'form_token'));
    expect(await response.text()).toContain(`action="${provider.issuer}/logout"`);
    isDown = false;
    expect(locationOf(await browser.get(profile))).toBe(`/login?next=${encodeURIComponent(profile)}`);
  });

  test('works while the cluster does not respond', async () => {
    let isHanging = false;
    site = createSignOnConsole({ provider, rejects: () => isHanging && new Promise<boolean>(() => {}) });
    browser = site.browser();
    await signOn(browser, provider, alice);
    const page = await (await browser.get(profile)).text();
    isHanging = true;
    const response = await browser.post('/logout', hiddenFields(page, 'form_token'));
    expect(await response.text()).toContain(`action="${provider.issuer}/logout"`);
    isHanging = false;
    expect(locationOf(await browser.get(profile))).toBe(`/login?next=${encodeURIComponent(profile)}`);
  });

  test('ends only the session of the console if this is configured', async () => {
    site = createSignOnConsole({ provider, oidc: { providerSignOut: false } });
    expect(locationOf(await signOut(site))).toBe('/login');
  });

  test.each(['javascript:alert(1)', 'data:text/html,a', 7])(
    'ends only the session of the console if the provider has the endpoint %s',
    async (end_session_endpoint) => {
      const other = await startIdentityProvider({ end_session_endpoint });
      const mine = provider;
      provider = other;
      site = createSignOnConsole({ provider });
      const response = await signOut(site);
      provider = mine;
      await other.stop();
      expect(locationOf(response)).toBe('/login');
    },
  );
});

describe('a form that is sent after the session has ended', () => {
  test.each([
    ['/personal-center/access-keys/new', '/personal-center/access-keys/new'],
    ['/personal-center/access-keys/main/edit', '/personal-center/access-keys/main/edit'],
    ['/personal-center/access-keys/main/disable', null],
    ['/logout', null],
  ])('%s leads to the sign-in page, which returns to the form', async (path, next) => {
    await signOn(browser, provider, alice);
    site.advance(24 * 3_600_000);
    const response = await browser.post(path, { name: 'kept' });
    const location = new URL(locationOf(response), 'https://keys.example.org');
    expect([response.status, location.pathname]).toEqual([303, '/login']);
    expect(location.searchParams.get('next')).toBe(next);
    expect(await (await browser.get('/login')).text()).toContain('Your session has ended');
  });
});
