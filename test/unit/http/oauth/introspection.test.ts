import { SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AccessSubject } from '../../../../src/access/authorizer.ts';
import { createLivePairs } from '../../../../src/accesskey/live/live-pairs.ts';
import { ConnectionError } from '../../../../src/kube/errors.ts';
import { accessKey, caches, keyPair, now, secret } from '../../../support/builders.ts';
import { ak, allowing, basic, createPlatform, form, signingKeys, sk } from '../support.ts';

const path = '/oauth2/introspect';
const bobKeys = keyPair(2);
const ann = accessKey({ groups: ['dev'] });
const bob = accessKey({ name: 'bob', user: 'bob', groups: ['ops'] });
const inactive = { active: false };

/** ann and bob; `reviewers` may ask about tokens of others. */
async function createBoth(...reviewers: string[]) {
  const secrets = [secret({ of: ann }), secret({ of: bob, keys: bobKeys })];
  const content = caches({ accessKeys: [ann, bob], secrets });
  const asked: AccessSubject[] = [];
  const platform = await createPlatform({
    pairs: createLivePairs(content),
    authorizer: {
      ...allowing('*'),
      async mayReviewTokens(subject) {
        asked.push(subject);
        return reviewers.includes(subject.name);
      },
    },
  });
  const tokenOf = async (keys: { ak: string; sk: string }) =>
    (await platform.get(`/api/v1/cube/key/token?ak=${keys.ak}&sk=${keys.sk}`)).json<{ token: string }>().token;
  return { ...platform, asked, content, annsToken: await platform.token(), bobsToken: await tokenOf(bobKeys) };
}

const active = {
  ...{ active: true, iss: 'ghippo.io', sub: ann.uid, username: 'ann', groups: ['dev'], client_id: ak },
  ...{ iat: now / 1000, exp: now / 1000 + 3 * 86_400, token_type: 'Bearer' },
};

describe('introspection', () => {
  it.each<[string, (token: string) => RequestInit]>([
    ['client_secret_basic', (token) => form({ token }, { authorization: basic(ak, sk) })],
    ['client_secret_post', (token) => form({ token, client_id: ak, client_secret: sk })],
    ['a bearer token', (token) => form({ token }, { authorization: `Bearer ${token}` })],
    ['a hint', (token) => form({ token, token_type_hint: 'x' }, { authorization: basic(ak, sk) })],
  ])('tells a user about their own token, by %s', async (_, init) => {
    const { send, annsToken, asked } = await createBoth();
    const answer = await send(path, init(annsToken));
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json()).toEqual(active);
    expect([answer.headers.get('Cache-Control'), answer.headers.get('Pragma')]).toEqual(['no-store', 'no-cache']);
    expect(asked).toEqual([]);
  });

  it('counts as a use of the pair that asks, not of the one that is asked about', async () => {
    const { send, annsToken, uses } = await createBoth('bob');
    uses.length = 0;
    await send(path, form({ token: annsToken }, { authorization: basic(bobKeys.ak, bobKeys.sk) }));
    expect(uses).toEqual([[bob.uid, 'main']]);
  });

  it('refuses a bearer token beside a client secret: one way only (RFC 6749 section 2.3)', async () => {
    const { send, annsToken } = await createBoth();
    const both = { token: annsToken, client_id: ak, client_secret: 'wrong' };
    const answer = await send(path, form(both, { authorization: `Bearer ${annsToken}` }));
    expect([answer.status, answer.json<{ error: string }>().error]).toEqual([400, 'invalid_request']);
  });

  it('tells who may create TokenReviews about the tokens of others', async () => {
    const { send, annsToken, asked } = await createBoth('bob');
    const answer = await send(path, form({ token: annsToken }, { authorization: basic(bobKeys.ak, bobKeys.sk) }));
    expect(answer.json()).toEqual(active);
    expect(asked).toMatchObject([{ name: 'bob', groups: ['ops'] }]);
  });

  it('tells others of an active token what it tells of one that is not', async () => {
    const { send, annsToken, bobsToken } = await createBoth();
    for (const token of [annsToken, 'x', `${annsToken}x`]) {
      const answer = await send(path, form({ token }, { authorization: `Bearer ${bobsToken}` }));
      expect([answer.status, answer.json()]).toEqual([200, inactive]);
    }
  });

  it('tells only the groups that the user is still in', async () => {
    const { send, annsToken, content } = await createBoth();
    content.accessKeys.upsert(accessKey({ groups: [] }));
    const answer = await send(path, form({ token: annsToken }, { authorization: basic(ak, sk) }));
    expect(answer.json()).toEqual({ ...active, groups: [] });
  });

  it('tells the audience when there is one', async () => {
    const token = { issuer: 'ghippo.io', audience: 'api', defaultCycle: 3, maxCycle: 30 };
    const platform = await createPlatform({ token });
    const answer = await platform.send(path, form({ token: await platform.token() }, { authorization: basic(ak, sk) }));
    expect(answer.json()).toEqual({ ...active, aud: 'api' });
  });

  it('says inactive when the pair of the token is disabled', async () => {
    const { send, annsToken, content } = await createBoth('bob');
    content.accessKeys.upsert(accessKey({ keyPairs: [{ name: 'main', enabled: false }] }));
    const answer = await send(path, form({ token: annsToken }, { authorization: basic(bobKeys.ak, bobKeys.sk) }));
    expect(answer.json()).toEqual(inactive);
  });
});

describe('a caller who may not', () => {
  const challenge = 'Basic realm="ghippo.io", charset="UTF-8"';

  it.each<[string, Record<string, string>, Record<string, string>, string]>([
    ['nobody', {}, {}, challenge],
    ['a wrong pair', { client_id: ak, client_secret: bobKeys.sk }, {}, challenge],
    ['a wrong pair in Basic', {}, { authorization: basic(ak, bobKeys.sk) }, challenge],
    ['a wrong token', {}, { authorization: 'Bearer x' }, 'Bearer realm="ghippo.io", error="invalid_token"'],
    ['another scheme', {}, { authorization: 'Digest x' }, challenge],
  ])('is answered 401 with a challenge: %s', async (_, values, headers, expected) => {
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
    ['two ways', form({ token: 'x', client_id: ak, client_secret: sk }, { authorization: basic(ak, sk) })],
  ])('is answered invalid_request: %s', async (_, init) => {
    const { send } = await createBoth();
    const answer = await send(path, init);
    expect([answer.status, answer.json<{ error: string }>().error]).toEqual([400, 'invalid_request']);
  });

  it('is answered 503 when the cluster cannot be asked', async () => {
    const authorizer = { ...allowing(), mayReviewTokens: () => Promise.reject(new ConnectionError('refused')) };
    const { send, annsToken, content } = await createBoth();
    const { send: failing } = await createPlatform({ pairs: createLivePairs(content), authorizer });
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
    ['whose signature was stripped', (token) => token.slice(0, token.lastIndexOf('.') + 1)],
    ['whose signature was taken away', (token) => token.slice(0, token.lastIndexOf('.'))],
    ['whose signature is doubled', (token) => `${token}${token.slice(token.lastIndexOf('.'))}`],
    ['whose signature is repeated', (token) => `${token}${token.slice(token.lastIndexOf('.') + 1)}`],
    ['of alg none', (token) => `${part({ alg: 'none', typ: 'JWT' })}.${token.split('.')[1]}.`],
    ['that is an object', (token) => JSON.stringify({ payload: token.split('.')[1], signatures: [] })],
    ['that is huge', (token) => `${token}${'A'.repeat(50_000)}`],
    ['with a payload of another', (token) => `${token.split('.')[0]}.${part({ sub: 'x' })}.${token.split('.')[2]}`],
    [
      'with a key of its own in x5c, jwk and jku',
      async () => {
        const { publicKey, privateKey } = await crypto.subtle.generateKey(
          {
            ...{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
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
