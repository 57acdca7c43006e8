import { SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AccessSubject } from '../../../../src/access/authorizer.ts';
import { createPairLookup } from '../../../../src/accesskey/live/pair-lookup.ts';
import { ConnectionError } from '../../../../src/kube/errors.ts';
import { accessKey, caches, keyPair, now, secret } from '../../../support/builders.ts';
import { ak, allowing, basic, createPlatform, form, signingKeys, sk } from '../support.ts';

const path = '/oauth2/introspect';
const bobKeys = keyPair(2);
const ann = accessKey({ groups: ['dev'] });
const bob = accessKey({ name: 'bob', user: 'bob', groups: ['ops'] });
const inactive = { active: false };

/** Users ann and bob; `reviewers` may create TokenReviews. */
async function createBoth(...reviewers: string[]) {
  const secrets = [secret({ of: ann }), secret({ of: bob, keys: bobKeys })];
  const content = caches({ accessKeys: [ann, bob], secrets });
  const checked: AccessSubject[] = [];
  const platform = await createPlatform({
    pairs: createPairLookup(content),
    authorizer: {
      ...allowing('*'),
      async mayReviewTokens(subject) {
        checked.push(subject);
        return reviewers.includes(subject.name);
      },
    },
  });
  const tokenOf = async (keys: { ak: string; sk: string }) =>
    (await platform.get(`/api/v1/cube/key/token?ak=${keys.ak}&sk=${keys.sk}`)).json<{ token: string }>().token;
  return { ...platform, checked, content, annsToken: await platform.token(), bobsToken: await tokenOf(bobKeys) };
}

const active = {
  active: true,
  iss: 'ghippo.io',
  sub: ann.uid,
  username: 'ann',
  groups: ['dev'],
  client_id: ak,
  iat: now / 1000,
  exp: now / 1000 + 3 * 86_400,
  token_type: 'Bearer',
};

describe('introspection', () => {
  it.each<[string, (token: string) => RequestInit]>([
    ['client_secret_basic', (token) => form({ token }, { authorization: basic(ak, sk) })],
    ['client_secret_post', (token) => form({ token, client_id: ak, client_secret: sk })],
    ['a bearer token', (token) => form({ token }, { authorization: `Bearer ${token}` })],
    ['a token type hint', (token) => form({ token, token_type_hint: 'x' }, { authorization: basic(ak, sk) })],
  ])('returns the claims of an own token: %s', async (_, init) => {
    const { send, annsToken, checked } = await createBoth();
    const answer = await send(path, init(annsToken));
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json()).toEqual(active);
    expect([answer.headers.get('Cache-Control'), answer.headers.get('Pragma')]).toEqual(['no-store', 'no-cache']);
    expect(checked).toEqual([]);
  });

  it('counts as a use of the authenticating key pair, not of the introspected one', async () => {
    const { send, annsToken, uses } = await createBoth('bob');
    uses.length = 0;
    await send(path, form({ token: annsToken }, { authorization: basic(bobKeys.ak, bobKeys.sk) }));
    expect(uses).toMatchObject([{ id: bob.uid, clientId: bobKeys.ak, pairName: 'main' }]);
  });

  it('records the key pair that authenticates, and one that is refused', async () => {
    const { send, annsToken, logged } = await createBoth('bob');
    const before = logged().length;
    for (const secret of [bobKeys.sk, sk]) {
      await send(path, form({ token: annsToken }, { authorization: basic(bobKeys.ak, secret) }));
    }
    expect(logged().slice(before)).toMatchObject([
      { audit: true, event: 'pair.authenticated', ak: bobKeys.ak, pairName: 'main', user: 'bob' },
      { audit: true, event: 'pair.refused', ak: bobKeys.ak, refused: 'wrong secret key' },
    ]);
  });

  it('rejects a bearer token together with a client secret (RFC 6749 section 2.3)', async () => {
    const { send, annsToken } = await createBoth();
    const both = { token: annsToken, client_id: ak, client_secret: 'wrong' };
    const answer = await send(path, form(both, { authorization: `Bearer ${annsToken}` }));
    expect([answer.status, answer.json<{ error: string }>().error]).toEqual([400, 'invalid_request']);
  });

  it('returns the claims of other users’ tokens with the permission to create TokenReviews', async () => {
    const { send, annsToken, checked } = await createBoth('bob');
    const answer = await send(path, form({ token: annsToken }, { authorization: basic(bobKeys.ak, bobKeys.sk) }));
    expect(answer.json()).toEqual(active);
    expect(checked).toMatchObject([{ name: 'bob', groups: ['ops'] }]);
  });

  it('returns the same for valid and invalid tokens of other users without the permission', async () => {
    const { send, annsToken, bobsToken } = await createBoth();
    for (const token of [annsToken, 'x', `${annsToken}x`]) {
      const answer = await send(path, form({ token }, { authorization: `Bearer ${bobsToken}` }));
      expect([answer.status, answer.json()]).toEqual([200, inactive]);
    }
  });

  it('returns only groups that the user is still in', async () => {
    const { send, annsToken, content } = await createBoth();
    content.accessKeys.upsert(accessKey({ groups: [] }));
    const answer = await send(path, form({ token: annsToken }, { authorization: basic(ak, sk) }));
    expect(answer.json()).toEqual({ ...active, groups: [] });
  });

  it('returns the configured audience', async () => {
    const token = { issuer: 'ghippo.io', audience: 'api', defaultCycle: 3, maxCycle: 30 };
    const platform = await createPlatform({ token });
    const answer = await platform.send(path, form({ token: await platform.token() }, { authorization: basic(ak, sk) }));
    expect(answer.json()).toEqual({ ...active, aud: 'api' });
  });

  it('returns inactive if the key pair of the token is disabled', async () => {
    const { send, annsToken, content } = await createBoth('bob');
    content.accessKeys.upsert(accessKey({ keyPairs: [{ name: 'main', enabled: false }] }));
    const answer = await send(path, form({ token: annsToken }, { authorization: basic(bobKeys.ak, bobKeys.sk) }));
    expect(answer.json()).toEqual(inactive);
  });
});

describe('an invalid request', () => {
  const challenge = 'Basic realm="ghippo.io", charset="UTF-8"';

  it.each<[string, Record<string, string>, Record<string, string>, string]>([
    ['no credentials', {}, {}, challenge],
    ['a wrong key pair', { client_id: ak, client_secret: bobKeys.sk }, {}, challenge],
    ['a wrong key pair in Basic', {}, { authorization: basic(ak, bobKeys.sk) }, challenge],
    ['an invalid token', {}, { authorization: 'Bearer x' }, 'Bearer realm="ghippo.io", error="invalid_token"'],
    ['another scheme', {}, { authorization: 'Digest x' }, challenge],
  ])('returns 401 with a challenge: %s', async (_, values, headers, expected) => {
    const { send, annsToken } = await createBoth();
    const answer = await send(path, form({ token: annsToken, ...values }, headers));
    expect(answer.status).toBe(401);
    expect(answer.json<{ error: string }>().error).toBe('invalid_client');
    expect(answer.headers.get('WWW-Authenticate')).toBe(expected);
  });

  it.each<[string, RequestInit]>([
    ['no token', form({}, { authorization: basic(ak, sk) })],
    ['two tokens', form('token=x&token=y', { authorization: basic(ak, sk) })],
    ['JSON', form({ token: 'x' }, { authorization: basic(ak, sk), 'content-type': 'application/json' })],
    [
      'two authentication methods',
      form({ token: 'x', client_id: ak, client_secret: sk }, { authorization: basic(ak, sk) }),
    ],
  ])('returns invalid_request: %s', async (_, init) => {
    const { send } = await createBoth();
    const answer = await send(path, init);
    expect([answer.status, answer.json<{ error: string }>().error]).toEqual([400, 'invalid_request']);
  });

  it('returns 503 if the cluster is unavailable', async () => {
    const authorizer = { ...allowing(), mayReviewTokens: () => Promise.reject(new ConnectionError('refused')) };
    const { send, annsToken, content } = await createBoth();
    const { send: failing } = await createPlatform({ pairs: createPairLookup(content), authorizer });
    const init = form({ token: annsToken }, { authorization: basic(bobKeys.ak, bobKeys.sk) });
    expect((await send(path, init)).status).toBe(200);
    const answer = await failing(path, init);
    expect([answer.status, answer.json<{ error: string }>().error]).toEqual([503, 'temporarily_unavailable']);
  });
});

describe('a forged token', () => {
  let payload: Record<string, unknown>;
  beforeAll(async () => {
    const { annsToken } = await createBoth();
    payload = JSON.parse(Buffer.from(annsToken.split('.')[1] ?? '', 'base64url').toString());
  });
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it.each<[string, (token: string) => string | Promise<string>]>([
    ['with an empty signature', (token) => token.slice(0, token.lastIndexOf('.') + 1)],
    ['without a signature', (token) => token.slice(0, token.lastIndexOf('.'))],
    ['with two signatures', (token) => `${token}${token.slice(token.lastIndexOf('.'))}`],
    ['with a repeated signature', (token) => `${token}${token.slice(token.lastIndexOf('.') + 1)}`],
    ['with alg none', (token) => `${part({ alg: 'none', typ: 'JWT' })}.${token.split('.')[1]}.`],
    ['in JSON serialization', (token) => JSON.stringify({ payload: token.split('.')[1], signatures: [] })],
    ['that is too long', (token) => `${token}${'A'.repeat(50_000)}`],
    ['with another payload', (token) => `${token.split('.')[0]}.${part({ sub: 'x' })}.${token.split('.')[2]}`],
    [
      'with its own key in x5c, jwk and jku',
      async () => {
        const { publicKey, privateKey } = await crypto.subtle.generateKey(
          {
            name: 'RSASSA-PKCS1-v1_5',
            hash: 'SHA-256',
            modulusLength: 2048,
            publicExponent: Buffer.from([1, 0, 1]),
          },
          true,
          ['sign', 'verify'],
        );
        const { kty, n, e } = await crypto.subtle.exportKey('jwk', publicKey);
        const { kid } = (await signingKeys()).active;
        const header = {
          alg: 'RS256',
          typ: 'JWT',
          kid,
          jwk: { kty, n, e },
          jku: 'https://x',
          x5u: 'https://x',
          x5c: ['MII='],
        };
        return new SignJWT(payload).setProtectedHeader(header as never).sign(privateKey);
      },
    ],
  ])('%s is not active', async (_, forge) => {
    const { send, annsToken } = await createBoth('ann');
    const answer = await send(path, form({ token: await forge(annsToken) }, { authorization: basic(ak, sk) }));
    expect([answer.status, answer.json()]).toEqual([200, inactive]);
  });
});
