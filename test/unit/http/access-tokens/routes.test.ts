import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { accessKey, at, keyPair, known, now, pairStatus } from '../../../support/builders.ts';
import { expectContract } from '../../../support/contract.ts';
import { allowing } from '../support.ts';
import { ann, base, bob, claimsOf, createTokens, createUsers, days } from './support.ts';

const mine = '/current-user';
const all = (of: string) => `${of}/accesstokens`;
const one = (of: string) => `${of}/accesstoken`;
const users = { ann: `/users/${ann.uid}`, bob: `/users/${bob.uid}` };
const mayChange = { ...allowing('*'), mayChangeKeyPairs: async () => true };
const name = { name: 'ci' };
const suspendedAnn = known({ groups: ['dev'], suspended: true });

describe.each([
  [mine, 'currentuser', ''],
  [users.ann, 'user', 'User'],
])('the access tokens of %s', (of, group, infix) => {
  it('are created, listed, used and deleted in the form of the reference', async () => {
    const { send, content } = await createTokens();
    const created = await send('POST', one(of), { name: 'ci', expiredAt: String(days(9)) });
    expect([created.status, created.headers.get('Cache-Control')]).toEqual([200, 'no-store']);
    expectContract(`${group}Create${infix}AccessTokenResponse`, created.json());
    const { id, token } = created.json<{ id: string; token: string }>();
    expect(content.accessKeys.get('shop/ann')?.spec.keyPairs).toEqual([
      { name: 'main' },
      { name: 'ci', accessToken: true, expiresAt: at(9 * 86_400) },
    ]);
    expect(claimsOf(token)).toMatchObject({ sub: ann.uid, preferred_username: 'ann', groups: ['dev'] });
    expect(claimsOf(token)).toMatchObject({ exp: days(9) / 1000, client_id: keyPair(11).ak });

    const listed = await send('GET', all(of), undefined, token);
    expectContract(`${group}List${infix}AccessTokensResponse`, listed.json());
    expect(listed.json()).toEqual({
      items: [{ id: 'ci', name: 'ci', createdAt: String(now - 1_800_000), updatedAt: '0', expiredAt: String(days(9)) }],
    });
    expect(listed.text).not.toContain(token);

    const deleted = await send('DELETE', `${all(of)}/${id}`);
    expectContract(`${group}Delete${infix}AccessTokenResponse`, deleted.json());
    expect([deleted.status, deleted.text]).toEqual([200, '{}']);
    expect((await send('GET', mine, undefined, token)).status).toBe(401);
    expect((await send('GET', all(of))).json()).toEqual({ items: [] });
  });
});

describe('POST /current-user/accesstoken', () => {
  it('limits the validity to the maximum of tokens, and to the key pair of the caller', async () => {
    const expiring = known({ keyPairs: [{ name: 'main', expiresAt: at(86_400) }] });
    const long = await createTokens();
    const short = await createTokens({ accessKeys: [expiring] });
    const expiryWith = async ({ send }: typeof long) =>
      claimsOf((await send('POST', one(mine), name)).json<{ token: string }>().token).exp;
    expect(await expiryWith(long)).toBe(days(30) / 1000);
    expect(await expiryWith(short)).toBe(days(1) / 1000);
  });

  it.each([
    [
      'is beyond the maximum of tokens',
      400,
      String(days(30) + 1000),
      'expiredAt: must be at most 30 days in the future',
    ],
    ['is "never"', 400, '0', 'expiredAt: must be at least one minute in the future'],
    ['is too soon', 400, at(59), 'expiredAt: must be at least one minute in the future'],
    ['is not a time', 400, 'tomorrow', 'expiredAt: must be a time in milliseconds since the epoch, or in RFC 3339'],
    [
      'is a day that does not exist',
      400,
      '2030-02-31T00:00:00Z',
      'expiredAt: must be a time in milliseconds since the epoch, or in RFC 3339',
    ],
  ])('rejects an expiry that %s', async (_, status, expiredAt, message) => {
    const { send, attempts } = await createTokens();
    const answer = await send('POST', one(mine), { ...name, expiredAt });
    expect([answer.status, answer.json().message, attempts()]).toEqual([status, message, 0]);
  });

  it('rejects an access token that would outlive the key pair of the caller', async () => {
    const { send } = await createTokens({
      accessKeys: [known({ keyPairs: [{ name: 'main', expiresAt: at(86_400) }] })],
    });
    const answer = await send('POST', one(mine), { ...name, expiredAt: String(days(1) + 1000) });
    expect([answer.status, answer.json().code]).toEqual([403, 7]);
    expect(answer.json().message).toContain(
      `must not outlive the key pair of your token, which expires at ${at(86_400)}`,
    );
  });

  it.each([
    ['{"expiredAt": ""}', 'name: is required'],
    ['{"name": ""}', 'name: must not be empty'],
    ['{"name": "My token"}', 'name: must consist of lower-case letters'],
    [`{"name": "${'a'.repeat(64)}"}`, 'name: must consist of lower-case letters'],
    ['{"name": ["ci"]}', 'name: must be text'],
    ['{"name": "ci", "name": "cd"}', 'name: must be given only once'],
    ['{"name": "ci", "groups": "x"}', 'groups: unknown parameter'],
    ['{"name": "ci"', 'body: must be JSON'],
    ['[]', 'body: must be a JSON object'],
    ['', 'body: must be JSON'],
  ])('rejects the body %s', async (body, message) => {
    const { send } = await createTokens();
    const answer = await send('POST', one(mine), body);
    expect([answer.status, answer.json().code]).toEqual([400, 3]);
    expect(answer.json().message).toContain(message);
  });

  it('rejects another media type than JSON', async () => {
    const { token, send: _, ...platform } = await createTokens();
    const answer = await platform.app.request(base + one(mine), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: new URLSearchParams(name),
    });
    expect(answer.status).toBe(415);
  });

  it('rejects a name that exists, also that of another key pair', async () => {
    const { send } = await createTokens();
    const answer = await send('POST', one(mine), { name: 'main' });
    expect([answer.status, answer.json().code, answer.json().message]).toEqual([
      409,
      6,
      'name: a key pair with this name already exists',
    ]);
  });

  it('rejects a third key pair', async () => {
    const { send } = await createTokens();
    expect((await send('POST', one(mine), name)).status).toBe(200);
    const answer = await send('POST', one(mine), { name: 'cd' });
    expect([answer.status, answer.json().code, answer.json().message]).toEqual([
      400,
      9,
      'the user already has 2 key pairs (main, ci): delete one of them first',
    ]);
  });

  it.each([
    [
      'a key pair has an overlap',
      { spec: { user: { name: 'ann' }, keyPairs: [{ name: 'main', rotation: { overlap: '1h' } }] } },
      'counts as two',
    ],
    [
      'another tool manages the list',
      { managedFields: [{ manager: 'helm', operation: 'Update', fieldsV1: { 'f:spec': { 'f:keyPairs': {} } } }] },
      'managed by helm',
    ],
  ])('is rejected if %s', async (_, fetched, message) => {
    const { send, attempts } = await createTokens({ fetched });
    const answer = await send('POST', one(mine), name);
    expect([answer.status, answer.json().code, attempts()]).toEqual([400, 9, 0]);
    expect(answer.json().message).toContain(message);
  });

  it('is rejected while the Secret of a deleted key pair with this name may exist', async () => {
    const status = { keyPairs: [pairStatus(), pairStatus({ name: 'ci' })] };
    const { send } = await createTokens({ accessKeys: [known({ status })] });
    const answer = await send('POST', one(mine), name);
    expect([answer.status, answer.json().code]).toEqual([409, 10]);
    expect(answer.json().message).toContain('still being deleted');
  });

  it.each([
    ['disabled', { spec: { user: { name: 'ann' }, keyPairs: [{ name: 'main', enabled: false }] } }],
    [
      'used for tokens that were revoked',
      { spec: { user: { name: 'ann' }, keyPairs: [{ name: 'main', tokensNotBefore: at(1) }] } },
    ],
    ['rotated', { status: { keyPairs: [pairStatus({ accessKey: keyPair(5).ak })] } }],
  ])('is rejected if the API server shows that the key pair of the caller was %s meanwhile', async (_, fetched) => {
    const { send, attempts } = await createTokens({ fetched });
    const answer = await send('POST', one(mine), name);
    expect([answer.status, answer.json().message, attempts()]).toEqual([
      403,
      'the key pair of your token is no longer valid',
      0,
    ]);
  });

  it('is not possible with an access token, which can list all and delete only itself', async () => {
    const { send } = await createTokens();
    const { token } = (await send('POST', one(mine), name)).json<{ token: string }>();
    const created = await send('POST', one(mine), { name: 'cd' }, token);
    expect([created.status, created.json().message]).toEqual([403, 'an access token cannot create access tokens']);
    const other = await send('DELETE', `${all(mine)}/main`, undefined, token);
    expect([other.status, other.json().message]).toEqual([403, 'an access token can delete only itself']);
    expect((await send('DELETE', `${all(mine)}/ci`, undefined, token)).status).toBe(200);
  });

  it('is not possible if users may not change their key pairs', async () => {
    const { content } = createUsers();
    const { send } = await createTokens({ change: { keyPairs: { caches: content, api: undefined } } });
    const answer = await send('POST', one(mine), name);
    expect([answer.status, answer.json().message]).toEqual([
      403,
      'users may not change their key pairs here (web.keyPairSignIn)',
    ]);
    expect((await send('GET', all(mine))).status).toBe(200);
  });

  it('is limited for each caller', async () => {
    // The limit is refilled every three seconds, which a busy machine may need for the requests.
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { send } = await createTokens();
    const statuses: number[] = [];
    for (let count = 0; count < 21; count += 1) statuses.push((await send('DELETE', `${all(mine)}/x`)).status);
    expect(statuses).toEqual([...Array<number>(20).fill(404), 429]);
    const answer = await send('POST', one(mine), name);
    expect([answer.headers.get('Retry-After'), answer.json().code]).toEqual(['3', 8]);
  });

  it('inherits the networks of the key pair of the caller, for every user', async () => {
    const allowedCIDRs = ['10.0.0.0/8'];
    const { send, content } = await createTokens({
      accessKeys: [known({ keyPairs: [{ name: 'main', allowedCIDRs }] }), bob],
      change: { authorizer: mayChange },
      from: '10.1.2.3',
    });
    for (const [of, key] of [
      [mine, 'shop/ann'],
      [users.bob, 'shop/bob'],
    ] as const) {
      expect((await send('POST', one(of), name)).status).toBe(200);
      expect(content.accessKeys.get(key)?.spec.keyPairs?.at(-1)).toMatchObject({ name: 'ci', allowedCIDRs });
    }
  });

  it('writes an audit record of the key pair and one of the token', async () => {
    const { send, logged, log } = await createTokens();
    const { token } = (await send('POST', one(mine), name)).json<{ token: string }>();
    const records = logged().filter(({ audit }) => audit === true);
    expect(records.slice(1)).toMatchObject([
      {
        event: 'key.created',
        actor: 'ann',
        signedInWith: 'key pair',
        accessKey: 'shop/ann',
        pairName: 'ci',
        user: 'ann',
      },
      { event: 'token.issued', actor: 'ann', user: 'ann', pairName: 'ci', ak: keyPair(11).ak },
    ]);
    expect(records[1]?.requestId).toBe(records[2]?.requestId);
    expect(log()).not.toContain(token);
  });
});

describe('the access tokens of another user', () => {
  it('are created with the permission to change the AccessKey and to impersonate the user', async () => {
    const asked: unknown[] = [];
    const mayChangeKeyPairs = async (...question: unknown[]) => asked.push(question) > 0;
    const { send, logged } = await createTokens({ change: { authorizer: { ...mayChange, mayChangeKeyPairs } } });
    const created = await send('POST', one(users.bob), name);
    expect(claimsOf(created.json<{ token: string }>().token)).toMatchObject({ sub: bob.uid, groups: ['ops'] });
    expect(asked).toEqual([
      [
        expect.objectContaining({ name: 'ann' }),
        { namespace: 'shop', name: 'bob', user: { name: 'bob', groups: ['ops'] } },
      ],
    ]);
    expect(logged().find(({ event }) => event === 'key.created')).toMatchObject({ actor: 'ann', user: 'bob' });
    expect(logged().at(-1)).toMatchObject({ event: 'token.issued', actor: 'ann', user: 'bob' });
    expect((await send('DELETE', `${all(users.bob)}/ci`)).status).toBe(200);
  });

  it.each([
    ['POST', one(users.bob), name],
    ['DELETE', `${all(users.bob)}/ci`, undefined],
  ])('need that permission: %s', async (method, path, body) => {
    const { send, attempts } = await createTokens();
    const answer = await send(method, path, body);
    expect([answer.status, answer.json().code, attempts()]).toEqual([403, 7, 0]);
    expect(answer.json().message).toContain('impersonate');
  });

  it.each([
    ['POST', (id: string) => one(`/users/${id}`), name],
    ['GET', (id: string) => all(`/users/${id}`), undefined],
    ['DELETE', (id: string) => `${all(`/users/${id}`)}/ci`, undefined],
  ])('are hidden like the user without permission to get AccessKeys: %s', async (method, path, body) => {
    const { send } = await createTokens({
      change: { authorizer: { ...mayChange, mayReadAccessKeys: async () => false } },
    });
    const [existing, missing] = [await send(method, path(bob.uid), body), await send(method, path('nobody'), body)];
    expect([existing.status, existing.text]).toEqual([403, missing.text]);
    const { send: sendAllowed } = await createTokens();
    expect((await sendAllowed(method, path('nobody'), body)).json().message).toBe('user not found');
  });

  it('are not created if the user was changed after the permission was checked', async () => {
    const fetched = { spec: { ...bob.spec, user: { name: 'bob', groups: ['ops', 'admins'] } } };
    const { send, attempts } = await createTokens({ fetched, change: { authorizer: mayChange } });
    for (const [method, path, body] of [
      ['POST', one(users.bob), name],
      ['DELETE', `${all(users.bob)}/ci`],
    ] as const) {
      const answer = await send(method, path, body);
      expect([answer.status, answer.json().code, attempts()]).toEqual([409, 10, 0]);
    }
  });

  it.each([
    ['suspended', (system: Awaited<ReturnType<typeof createTokens>>) => system.content.accessKeys.upsert(suspendedAnn)],
    ['deleted', (system: Awaited<ReturnType<typeof createTokens>>) => system.content.accessKeys.remove('shop/ann')],
  ])('are not created if the caller was %s after the permission was checked', async (_, change) => {
    async function mayChangeKeyPairs() {
      change(system);
      return true;
    }
    const system: Awaited<ReturnType<typeof createTokens>> = await createTokens({
      change: { authorizer: { ...mayChange, mayChangeKeyPairs } },
    });
    const answer = await system.send('POST', one(users.bob), name);
    expect([answer.status, answer.json().message]).toEqual([403, 'the key pair of your token is no longer valid']);
    expect(system.attempts()).toBe(0);
  });

  it('cannot be created for a suspended user', async () => {
    const suspended = accessKey({ name: 'bob', user: 'bob', suspended: true });
    const { send } = await createTokens({ accessKeys: [ann, suspended], change: { authorizer: mayChange } });
    const answer = await send('POST', one(users.bob), name);
    expect([answer.status, answer.json().message]).toEqual([400, 'the user is suspended']);
  });
});

describe('DELETE /current-user/accesstokens/{id}', () => {
  it('does not delete key pairs that are no access tokens', async () => {
    const { send, attempts } = await createTokens();
    const answer = await send('DELETE', `${all(mine)}/main`);
    expect([answer.status, answer.json(), attempts()]).toEqual([
      404,
      { code: 5, message: 'access token not found', details: [] },
      0,
    ]);
  });
});

it.each([
  ['POST', one(mine)],
  ['GET', all(mine)],
  ['DELETE', `${all(mine)}/ci`],
  ['POST', one(users.bob)],
  ['GET', all(users.bob)],
  ['DELETE', `${all(users.bob)}/ci`],
])('%s %s requires a token', async (method, path) => {
  const { send } = await createTokens();
  expect((await send(method, path, method === 'POST' ? '{' : undefined, 'x')).status).toBe(401);
});

it.each([
  [one(mine), 'POST'],
  [all(mine), 'GET, HEAD'],
  [`${all(mine)}/ci`, 'DELETE'],
])('%s allows only %s', async (path, allow) => {
  const { send } = await createTokens();
  const answer = await send('PUT', path);
  expect([answer.status, answer.headers.get('Allow')]).toEqual([405, allow]);
});
