import { describe, expect, it } from 'vitest';
import { accessKey, keyPair } from '../../../support/builders.ts';
import { ak, createPlatform, form, sk, tokenPaths } from '../support.ts';

const other = keyPair(2);
const [path] = tokenPaths;

describe('throttling of failed attempts', () => {
  const token = {
    issuer: 'ghippo.io',
    defaultCycle: 3,
    maxCycle: 30,
    failureThrottle: { burst: 3, refillSeconds: 3600 },
  };
  const wrong = form({ ak, sk: other.sk });
  const right = form({ ak, sk });

  it('returns 429 instead of 401, but accepts a correct key pair', async () => {
    const { send, logged } = await createPlatform({ token });
    const statuses: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      statuses.push((await send(path, wrong, '192.0.2.1')).status, (await send(path, right, '192.0.2.1')).status);
    }
    expect(statuses).toEqual([401, 200, 401, 200, 401, 200, 429, 200, 429, 200]);
    expect(logged()[6]).toMatchObject({
      audit: true,
      event: 'token.refused',
      refused: 'wrong secret key',
      throttled: true,
    });
  });

  it('returns the time to wait, in the format of the platform', async () => {
    const { send } = await createPlatform({ token });
    for (let index = 0; index < 3; index += 1) await send(path, wrong, '192.0.2.1');
    const answer = await send(path, wrong, '192.0.2.1');
    expect(answer.json()).toEqual({
      code: 8,
      message: expect.stringMatching(/^too many failed attempts, try again in 3[456]\d\d s$/),
      details: [],
    });
    expect(answer.headers.get('Retry-After')).toMatch(/^3[456]\d\d$/);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
  });

  it('does not count invalid requests', async () => {
    const { send } = await createPlatform({ token });
    for (let index = 0; index < 5; index += 1) await send(path, form({ ak }), '192.0.2.1');
    expect((await send(path, wrong, '192.0.2.1')).status).toBe(401);
  });

  it('counts failures of all endpoints together', async () => {
    const { send } = await createPlatform({ token });
    await send(tokenPaths[1], wrong, '192.0.2.1');
    await send(
      '/oauth2/token',
      form({ grant_type: 'client_credentials', client_id: ak, client_secret: 'x' }),
      '192.0.2.1',
    );
    await send('/oauth2/introspect', form({ token: 'x', client_id: ak, client_secret: 'x' }), '192.0.2.1');
    expect((await send(path, wrong, '192.0.2.1')).status).toBe(429);
  });

  it('counts per address, and uses the forwarding header only from a trusted proxy', async () => {
    const forged = (index: number) => form({ ak, sk: other.sk }, { 'x-forwarded-for': `198.51.100.${index}` });
    const [direct, proxied] = await Promise.all([
      createPlatform({ token }),
      createPlatform({ token, proxies: { trustedProxies: ['10.0.0.0/8'], forwardedHeader: 'X-Forwarded-For' } }),
    ]);
    const ask = async ({ send }: typeof direct, from: string) => {
      const answers = [];
      for (let index = 0; index < 4; index += 1) answers.push(await send(path, forged(index), from));
      return answers.map(({ status }) => status);
    };
    expect(await ask(direct, '10.0.0.1')).toEqual([401, 401, 401, 429]);
    expect(await ask(proxied, '192.0.2.1')).toEqual([401, 401, 401, 429]);
    expect(await ask(proxied, '10.0.0.1')).toEqual([401, 401, 401, 401]);
    expect(proxied.logged().at(-1)).toMatchObject({ remoteAddress: '10.0.0.1', clientAddress: '198.51.100.3' });
  });
});

describe('a pair with allowedCIDRs', () => {
  const of = accessKey({ keyPairs: [{ name: 'main', allowedCIDRs: ['192.0.2.0/24'] }] });
  const outside = '198.51.100.1';
  const message = 'the key pair must not be used from this address';
  const client = { client_id: ak, client_secret: sk };
  const requests: [string, string, RequestInit, number, object][] = [
    ['platform', path, form({ ak, sk }), 403, { code: 7, message, details: [] }],
    [
      'OAuth 2.0',
      '/oauth2/token',
      form({ grant_type: 'client_credentials', ...client }),
      400,
      { error: 'invalid_grant', error_description: message },
    ],
    [
      'introspection',
      '/oauth2/introspect',
      form({ token: 'x', ...client }),
      401,
      { error: 'invalid_client', error_description: message },
    ],
  ];

  it.each(requests)(
    'is rejected from another address, in the format of the endpoint: %s',
    async (_, at, init, ...expected) => {
      const { send, logged, uses } = await createPlatform({ of });
      expect((await send(at, init, '192.0.2.1')).status).toBe(200);
      const uses1 = uses.length;
      const answer = await send(at, init, outside);
      expect([answer.status, answer.json()]).toEqual(expected);
      expect(logged().at(-1)).toMatchObject({ refused: 'allowedCIDRs do not contain the client address', ak });
      expect(uses).toHaveLength(uses1);
    },
  );

  it('is rejected like any other pair if the sk is wrong', async () => {
    const { send } = await createPlatform({ of });
    expect((await send(path, form({ ak, sk: other.sk }), outside)).status).toBe(401);
  });

  it('does not count as a failed attempt', async () => {
    const token = {
      issuer: 'ghippo.io',
      defaultCycle: 3,
      maxCycle: 30,
      failureThrottle: { burst: 1, refillSeconds: 3600 },
    };
    const { send } = await createPlatform({ of, token });
    for (let index = 0; index < 3; index += 1) expect((await send(path, form({ ak, sk }), outside)).status).toBe(403);
    expect((await send(path, form({ ak, sk: other.sk }), outside)).status).toBe(401);
  });

  it('is recorded as a refused token', async () => {
    const { send, logged } = await createPlatform({ of });
    await send(path, form({ ak, sk }), outside);
    expect(logged()[0]).toMatchObject({ audit: true, event: 'token.refused', ak, clientAddress: outside });
  });
});

describe('the recorded use', () => {
  const right = form({ ak, sk });

  it('has the address of the client behind a trusted proxy, for a token and for a request with it', async () => {
    const proxies = { trustedProxies: ['10.0.0.0/8'], forwardedHeader: 'X-Forwarded-For' as const };
    const { send, uses } = await createPlatform({ proxies });
    const headers = { 'x-forwarded-for': '198.51.100.7' };
    const answer = await send(path, form({ ak, sk }, headers), '10.0.0.1');
    const { token } = answer.json<{ token: string }>();
    await send('/oauth2/auth', { headers: { ...headers, authorization: `Bearer ${token}` } }, '10.0.0.1');
    await send('/oauth2/auth', { headers: { ...headers, authorization: `Bearer ${token}` } }, '192.0.2.1');
    expect(uses.map(({ address }) => address)).toEqual(['198.51.100.7', '198.51.100.7', '192.0.2.1']);
  });

  it('has no address if the connection is already closed', async () => {
    const { send, uses } = await createPlatform();
    await send(path, right, '');
    expect(uses).toMatchObject([{ address: undefined }]);
  });
});
