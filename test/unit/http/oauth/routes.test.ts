import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { accessKey, keyPair } from '../../../support/builders.ts';
import { ak, basic, createPlatform, deploymentsPath, form, type OAuthAnswer, sk } from '../support.ts';

const path = '/oauth2/token';
const other = keyPair(2);
const grant = { grant_type: 'client_credentials' };
const authorization = basic(ak, sk);
const inBody = { ...grant, client_id: ak, client_secret: sk };
const challenge = 'Basic realm="ghippo.io", charset="UTF-8"';
const token = { issuer: 'ghippo.io', audience: 'https://api.example.com', defaultCycle: 3, maxCycle: 30 };

describe('a client credentials request', () => {
  it.each<[string, RequestInit]>([
    ['client_secret_basic', form(grant, { authorization })],
    ['client_secret_basic, percent-encoded', form(grant, { authorization: basic(ak.replaceAll('-', '%2D'), sk) })],
    ['client_secret_basic with client_id in the body', form({ ...grant, client_id: ak }, { authorization })],
    ['client_secret_post', form(inBody)],
    ['an empty scope', form({ ...inBody, scope: '' })],
    ['a parameter without a value', form(`${new URLSearchParams(inBody)}&resource`)],
    ['unknown parameters', form({ ...inBody, cycle: '30', foo: 'bar' })],
  ])('returns a token: %s', async (_, init) => {
    const { send, uses } = await createPlatform();
    const answer = await send(path, init);
    expect(answer.status, answer.text).toBe(200);
    const { access_token, ...rest } = answer.json<OAuthAnswer>();
    expect(rest).toEqual({ token_type: 'Bearer', expires_in: 3 * 86_400 });
    expect(decodeJwt(access_token)).toMatchObject({ client_id: ak, preferred_username: 'ann', groups: ['dev'] });
    expect([answer.headers.get('Cache-Control'), answer.headers.get('Pragma')]).toEqual(['no-store', 'no-cache']);
    expect(answer.headers.get('Content-Type')).toBe('application/json');
    expect(uses).toMatchObject([{ id: 'uid-of-shop-ann', clientId: ak, pairName: 'main' }]);
  });

  it.each(['resource', 'audience'])('accepts the configured audience as %s, also twice', async (name) => {
    const { send } = await createPlatform({ token });
    const twice = new URLSearchParams(inBody);
    for (let index = 0; index < 2; index += 1) twice.append(name, token.audience);
    const answer = await send(path, form(twice.toString()));
    expect(decodeJwt(answer.json<OAuthAnswer>().access_token).aud).toBe(token.audience);
  });

  it.each([
    [undefined, undefined, 3 * 86_400],
    [600, undefined, 600],
    [600, '1h', 3_600],
  ])(
    'uses the lifetime of the configuration (%s), unless the key pair has one (%s)',
    async (lifetime, own, seconds) => {
      const of = accessKey({ keyPairs: [{ name: 'main', ...(own && { tokenLifetime: own }) }] });
      const { send } = await createPlatform({ of, token: { ...token, lifetime } });
      expect((await send(path, form(inBody))).json<OAuthAnswer>().expires_in).toBe(seconds);
    },
  );

  const of = { ...accessKey(), spec: { ...accessKey().spec, audiences: ['https://shop', 'urn:api'] } };

  it.each(['resource', 'audience'])('selects an audience of the AccessKey with %s', async (name) => {
    const { send } = await createPlatform({ of, token });
    const answer = await send(path, form({ ...inBody, [name]: 'urn:api' }));
    expect(decodeJwt(answer.json<OAuthAnswer>().access_token).aud).toBe('urn:api');
    expect(decodeJwt((await send(path, form(inBody))).json<OAuthAnswer>().access_token).aud).toBe(token.audience);
  });

  it('has the profile of RFC 9068 if it is configured, and is accepted here; the platform format stays', async () => {
    const { send, get, token: platformToken } = await createPlatform({ token: { ...token, type: 'at+jwt' } });
    const ask = async () => (await send(path, form(inBody))).json<OAuthAnswer>().access_token;
    const issued = await ask();
    expect(decodeProtectedHeader(issued).typ).toBe('at+jwt');
    const { jti, ...claims } = decodeJwt(issued);
    expect(jti).toMatch(/^[\w-]{22}$/);
    expect(claims).toMatchObject({ aud: token.audience, client_id: ak, iss: 'ghippo.io', sub: 'uid-of-shop-ann' });
    expect(await ask()).toBe(issued);
    expect((await get(deploymentsPath, { authorization: `Bearer ${issued}` })).status).toBe(200);
    const inPlatformFormat = await platformToken();
    expect(decodeProtectedHeader(inPlatformFormat).typ).toBe('JWT');
    expect(decodeJwt(inPlatformFormat)).toEqual(claims);
    expect((await get(deploymentsPath, { authorization: `Bearer ${inPlatformFormat}` })).status).toBe(200);
  });

  it('is for only one audience', async () => {
    const { send } = await createPlatform({ of, token });
    const two = form({ ...inBody, resource: 'https://shop', audience: 'urn:api' });
    expect((await send(path, two)).json<OAuthAnswer>().error).toBe('invalid_target');
  });

  it('reports an unknown audience only to an authenticated client, and not as a failed attempt', async () => {
    const throttled = { ...token, failureThrottle: { burst: 1, refillSeconds: 3600 } };
    const { send } = await createPlatform({ of, token: throttled });
    for (let index = 0; index < 3; index += 1) {
      const answer = await send(path, form({ ...inBody, audience: 'x' }));
      expect([answer.status, answer.json<OAuthAnswer>().error]).toEqual([400, 'invalid_target']);
    }
    const wrong = await send(path, form({ ...inBody, client_secret: other.sk, audience: 'x' }));
    expect([wrong.status, wrong.json<OAuthAnswer>().error]).toEqual([401, 'invalid_client']);
  });

  it('a token for another audience is not accepted here, but active at introspection', async () => {
    const { send, get } = await createPlatform({ of });
    const { access_token } = (await send(path, form({ ...inBody, audience: 'urn:api' }))).json<OAuthAnswer>();
    const bearer = { authorization: `Bearer ${access_token}` };
    expect((await get(deploymentsPath, bearer)).status).toBe(401);
    expect((await get('/oauth2/auth', bearer)).status).toBe(401);
    const introspected = await send('/oauth2/introspect', form({ token: access_token }, { authorization }));
    expect(introspected.json()).toMatchObject({ active: true, aud: 'urn:api' });
  });

  it('returns the same token as the endpoint of the platform', async () => {
    const { send, token: platformToken } = await createPlatform();
    const { access_token } = (await send(path, form(inBody))).json<OAuthAnswer>();
    expect(access_token).toBe(await platformToken());
  });
});

describe('the error', () => {
  it.each<[string, string, RequestInit]>([
    ['invalid_request', 'no grant type', form({ client_id: ak, client_secret: sk })],
    ['invalid_request', 'an empty grant type', form({ ...inBody, grant_type: '' })],
    ['unsupported_grant_type', 'password', form({ ...inBody, grant_type: 'password' })],
    ['unsupported_grant_type', 'refresh_token', form({ ...inBody, grant_type: 'refresh_token' })],
    ['unsupported_grant_type', 'another case', form({ ...inBody, grant_type: 'Client_Credentials' })],
    ['invalid_scope', 'a scope', form({ ...inBody, scope: 'openid' })],
    ['invalid_scope', 'a scope of a space', form({ ...inBody, scope: ' ' })],
    ['invalid_target', 'a resource without an audience', form({ ...inBody, resource: 'https://x' })],
    ['invalid_target', 'an audience', form({ ...inBody, audience: 'x' })],
    ['invalid_request', 'a repeated parameter', form(`${new URLSearchParams(inBody)}&client_id=${ak}`)],
    ['invalid_request', 'a repeated unknown parameter', form(`${new URLSearchParams(inBody)}&x=1&x=2`)],
    ['invalid_request', 'a repeated empty parameter', form(`${new URLSearchParams(inBody)}&scope=&scope=`)],
    ['invalid_request', 'Basic and a secret in the body', form(inBody, { authorization })],
    ['invalid_request', 'Basic and another ID', form({ ...grant, client_id: other.ak }, { authorization })],
    ['invalid_request', 'an assertion', form({ ...inBody, client_assertion: 'x', client_assertion_type: 'y' })],
    ['invalid_request', 'a broken percent-encoding', form(grant, { authorization: basic(ak, '%zz') })],
    ['invalid_request', 'malformed Basic', form(grant, { authorization: 'Basic !' })],
    [
      'invalid_request',
      'two Authorization headers',
      form(grant, { authorization: `${authorization}, ${authorization}` }),
    ],
    ['invalid_request', 'JSON', form(inBody, { 'content-type': 'application/json' })],
    ['invalid_request', 'no content type', { method: 'POST', body: Buffer.from(String(new URLSearchParams(inBody))) }],
    ['invalid_request', 'bytes that are not UTF-8', { ...form({}), body: Buffer.from('x=\xff', 'latin1') }],
  ])('is %s for %s', async (error, _, init) => {
    const results: string[] = [];
    const tokenMetrics = { requested: (result: string) => void results.push(result), signed: () => undefined };
    const { send, log } = await createPlatform({ tokenMetrics });
    const answer = await send(path, init);
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual({ error, error_description: expect.stringMatching(/^[\x20-\x7e]+$/) });
    expect([answer.headers.get('Cache-Control'), answer.headers.get('Pragma')]).toEqual(['no-store', 'no-cache']);
    for (const text of [answer.text, log()]) expect(text).not.toContain(sk);
    expect(results).toEqual(['invalid']);
  });

  it('is invalid_target if one of two resources is not the audience', async () => {
    const { send } = await createPlatform({ token });
    const two = new URLSearchParams([
      ...Object.entries(inBody),
      ['resource', token.audience],
      ['resource', 'https://x'],
    ]);
    expect((await send(path, form(two.toString()))).json<OAuthAnswer>().error).toBe('invalid_target');
  });

  it('is invalid_request for parameters in the query', async () => {
    const { send } = await createPlatform();
    const answer = await send(`${path}?client_secret=${sk}`, form({ ...grant, client_id: ak }));
    expect([answer.status, answer.json<OAuthAnswer>().error]).toEqual([400, 'invalid_request']);
  });

  it.each<[string, RequestInit]>([
    ['a wrong secret in Basic', form(grant, { authorization: basic(ak, other.sk) })],
    ['an unknown ID in Basic', form(grant, { authorization: basic(other.ak, sk) })],
    ['an empty secret in Basic', form(grant, { authorization: basic(ak, '') })],
    ['a wrong secret in the body', form({ ...inBody, client_secret: other.sk })],
    ['a secret without an ID', form({ ...grant, client_secret: sk })],
    ['an ID without a secret', form({ ...grant, client_id: ak })],
    ['no credentials', form(grant)],
    ['a bearer token', form(grant, { authorization: 'Bearer x' })],
  ])('is invalid_client with a challenge for %s', async (_, init) => {
    const { send } = await createPlatform();
    const answer = await send(path, init);
    expect(answer.status).toBe(401);
    expect(answer.json<OAuthAnswer>().error).toBe('invalid_client');
    expect(answer.headers.get('WWW-Authenticate')).toBe(challenge);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
  });

  it('is the same for an unknown ID and a wrong secret', async () => {
    const { send, logged } = await createPlatform();
    const unknown = await send(path, form({ ...inBody, client_id: other.ak }));
    const wrong = await send(path, form({ ...inBody, client_secret: other.sk }));
    expect(unknown.text).toBe(wrong.text);
    expect(logged()).toMatchObject([{ refused: 'unknown access key' }, { refused: 'wrong secret key', ak }]);
    expect(logged()[0]).not.toHaveProperty('ak');
  });

  it('is 429 with Retry-After after too many failures', async () => {
    const failureThrottle = { burst: 1, refillSeconds: 3_600 };
    const { send } = await createPlatform({ token: { ...token, failureThrottle } });
    const wrong = form({ ...inBody, client_secret: other.sk });
    await send(path, wrong, '192.0.2.1');
    const answer = await send(path, wrong, '192.0.2.1');
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([429, expect.stringMatching(/^3[456]\d\d$/)]);
    expect(answer.json<OAuthAnswer>().error).toBe('invalid_client');
    expect((await send(path, form(inBody), '192.0.2.1')).status).toBe(200);
  });

  it('is temporarily_unavailable before the signing keys are loaded', async () => {
    const { send } = await createPlatform({ signingKeys: () => undefined });
    const answer = await send(path, form(inBody));
    expect([answer.status, answer.json<OAuthAnswer>().error]).toEqual([503, 'temporarily_unavailable']);
  });

  it('is server_error for an unexpected error, without its message', async () => {
    const pairs = {
      find: () => {
        throw new Error(`a bug with ${sk}`);
      },
    };
    const { send } = await createPlatform({ pairs });
    const answer = await send(path, form(inBody));
    expect(answer.status).toBe(500);
    expect(answer.json()).toEqual({ error: 'server_error', error_description: 'internal error' });
  });
});

describe('the audit record', () => {
  it('of a token contains the user, the key pair, the address and the expiry', async () => {
    const { send, logged, log } = await createPlatform();
    const { access_token } = (await send(path, form(inBody), '192.0.2.1')).json<OAuthAnswer>();
    expect(logged()).toEqual([
      expect.objectContaining({
        audit: true,
        event: 'token.issued',
        route: path,
        user: 'ann',
        ak,
        pairName: 'main',
        subject: 'uid-of-shop-ann',
        remoteAddress: '192.0.2.1',
        clientAddress: '192.0.2.1',
        expires: decodeJwt(access_token).exp,
      }),
    ]);
    for (const secret of [sk, ...access_token.split('.')]) expect(log()).not.toContain(secret);
  });

  it('of a refusal contains the reason', async () => {
    const { send, logged } = await createPlatform();
    await send(path, form({ ...inBody, client_secret: other.sk }), '192.0.2.1');
    const record = { audit: true, event: 'token.refused', refused: 'wrong secret key', ak, clientAddress: '192.0.2.1' };
    expect(logged()).toEqual([expect.objectContaining(record)]);
  });

  it('is not written for an invalid request', async () => {
    const { send, logged } = await createPlatform();
    await send(path, form({ grant_type: 'x' }));
    await send('/oauth2/introspect', form({ token: 'x' }));
    expect(logged()).toHaveLength(2);
    for (const line of logged()) expect(line).not.toHaveProperty('audit');
  });
});
