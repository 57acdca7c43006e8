import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addEnded, createEndedCheck, type EndedList } from '../../../../src/web/oidc/ended-list.ts';
import type { EndedSignOns } from '../../../../src/web/oidc/ended-sign-ons.ts';
import { publicUrl } from '../../../support/cookie-browser.ts';
import { startIdentityProvider, type TestIdentityProvider, testClient } from '../../../support/identity-provider.ts';
import { signOn } from '../../../support/provider-sign-on.ts';
import { createSignOnConsole, type SignOnConsole } from '../../../support/sign-on-in-memory.ts';

const path = '/login/backchannel-logout';
const profile = '/personal-center/profile';
const event = 'http://schemas.openid.net/event/backchannel-logout';
const seconds = () => Math.floor(Date.now() / 1000);

let provider: TestIdentityProvider;
let site: SignOnConsole;
let list: EndedList | undefined;
let failure: Error | undefined;

/** Keeps the list in memory. */
const ended: Pick<EndedSignOns, 'has' | 'add'> = {
  has: (session) => list && createEndedCheck(list)(session),
  async add(one) {
    if (failure) throw failure;
    if (list) list = addEnded(list, one, Date.now() + 3_600_000, Date.now());
  },
};

beforeAll(async () => {
  provider = await startIdentityProvider();
});
beforeEach(() => {
  list = { endedBefore: 0, entries: [], users: new Map() };
  failure = undefined;
  site = createSignOnConsole({ provider, ended });
});
afterEach(() => site.singleSignOn.provider.close());
afterAll(() => provider.stop());

function claims(parts: Record<string, unknown> = {}): Record<string, unknown> {
  const times = { iat: seconds(), exp: seconds() + 120, jti: crypto.randomUUID() };
  return { iss: provider.issuer, aud: testClient.id, ...times, sub: 'sub-of-alice', events: { [event]: {} }, ...parts };
}

const send = (body: Record<string, string>) =>
  site.app.request(publicUrl + path, { method: 'POST', body: new URLSearchParams(body) });
const logout = async (parts?: Record<string, unknown>, header: { typ?: string } = { typ: 'logout+jwt' }) =>
  send({ logout_token: await provider.sign(JSON.parse(JSON.stringify(claims(parts))), header) });

async function signedOn(user: { sub: string; [claim: string]: unknown } = { sub: 'sub-of-alice', email: 'alice' }) {
  const browser = site.browser();
  expect((await signOn(browser, provider, user)).status).toBe(303);
  return async () => (await browser.get(profile)).status;
}

describe('a logout token', () => {
  test('ends all sessions of its sub', async () => {
    const [alice, other, bob] = [
      await signedOn(),
      await signedOn(),
      await signedOn({ sub: 'sub-of-bob', email: 'bob' }),
    ];
    const response = await logout();
    expect([response.status, await response.text(), response.headers.get('Cache-Control')]).toEqual([
      200,
      '',
      'no-store',
    ]);
    expect([await alice(), await other(), await bob()]).toEqual([303, 303, 200]);
    expect(site.lines).toContainEqual(expect.objectContaining({ audit: true, event: 'web.back-channel-logout' }));
  });

  test('ends only the session of its sid', async () => {
    const user = { sub: 'sub-of-alice', email: 'alice' };
    const [first, second] = [await signedOn({ ...user, sid: 'first' }), await signedOn({ ...user, sid: 'second' })];
    expect((await logout({ sid: 'first' })).status).toBe(200);
    expect([await first(), await second()]).toEqual([303, 200]);
  });

  test.each([undefined, 'JWT', 'logout+jwt'])('may have the type %s', async (typ) => {
    expect((await logout({}, typ === undefined ? {} : { typ })).status).toBe(200);
  });
});

describe('is refused with 400, and ends nothing:', () => {
  test.each<[string, Record<string, unknown>]>([
    ['a token of another issuer', { iss: 'https://evil.example.org' }],
    ['a token for another client', { aud: 'another-client' }],
    ['a token with a nonce, like an ID token', { nonce: 'a' }],
    ['a token without events', { events: undefined }],
    ['a token with another event', { events: { 'http://example.org': {} } }],
    ['a token with an invalid event', { events: { [event]: 'a' } }],
    ['a token without sub and sid', { sub: undefined }],
    ['a token with an invalid sid', { sid: 7 }],
    ['a token without jti', { jti: undefined }],
    ['a token without iat', { iat: undefined }],
    ['an old token', { iat: seconds() - 3600 }],
    ['an expired token', { exp: seconds() - 3600 }],
    ['a token from the future', { iat: seconds() + 3600 }],
  ])('%s', async (_, parts) => {
    const alice = await signedOn();
    const response = await logout(parts);
    expect([response.status, await response.json()]).toEqual([400, { error: 'invalid_request' }]);
    expect(await alice()).toBe(200);
    const refused = site.lines.find((line) => line.event === 'web.back-channel-logout-refused');
    expect(refused).toMatchObject({ audit: true, reason: expect.any(String) });
  });

  test('a token of another type', async () => {
    expect((await logout({}, { typ: 'at+jwt' })).status).toBe(400);
  });

  test('a token that another key signed', async () => {
    const token = await provider.sign(claims());
    const [header, , signature] = token.split('.');
    const payload = Buffer.from(JSON.stringify(claims({ sub: 'another' }))).toString('base64url');
    expect((await send({ logout_token: `${header}.${payload}.${signature}` })).status).toBe(400);
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    expect((await send({ logout_token: `${none}.${payload}.` })).status).toBe(400);
  });

  test('no token', async () => {
    for (const body of [{}, { logout_token: '' }, { logout_token: 'x' }]) expect((await send(body)).status).toBe(400);
  });

  test('a body that is not a form', async () => {
    const response = await site.app.request(publicUrl + path, {
      method: 'POST',
      body: '{}',
      headers: { 'Content-Type': 'application/json' },
    });
    expect(response.status).toBe(400);
  });
});

test('responds with 503 if the cluster cannot store it, so that the provider can send it again', async () => {
  failure = new Error('down');
  expect((await logout()).status).toBe(503);
});

test('responds with 503 while the keys of the provider cannot be read, and asks for them only once', async () => {
  provider.misbehave('/keys', { status: 500 });
  const before = provider.requests.length;
  for (let attempt = 0; attempt < 5; attempt += 1) expect((await logout()).status).toBe(503);
  provider.misbehave('/keys', undefined);
  expect(provider.requests.slice(before).filter((one) => one === '/keys')).toHaveLength(1);
});

test('sessions with single sign-on are unavailable while the ended ones are unknown', async () => {
  const alice = await signedOn();
  list = undefined;
  expect(await alice()).toBe(503);
  expect((await signOn(site.browser(), provider)).status).toBe(503);
});

test('does not exist unless it is configured', async () => {
  site = createSignOnConsole({ provider });
  expect((await logout()).status).toBe(404);
});
