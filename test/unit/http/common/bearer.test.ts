import { describe, expect, it } from 'vitest';
import { accessKey } from '../../../support/builders.ts';
import { ak, basic, createPlatform, deploymentsPath, form, sk, tokenPaths } from '../support.ts';

const inside = '192.0.2.1';
const outside = '198.51.100.1';
const allowedCIDRs = ['192.0.2.0/24', '2001:db8::/32'];
const of = accessKey({ groups: ['dev'], keyPairs: [{ name: 'main', allowedCIDRs }] });
const proxies = { trustedProxies: ['10.0.0.0/8'], forwardedHeader: 'X-Forwarded-For' } as const;

/** A platform, and a token that was issued to an allowed address. */
async function createRestricted() {
  const platform = await createPlatform({ of, proxies });
  const issued = await platform.send(tokenPaths[0], form({ ak, sk }), inside);
  const { token } = issued.json<{ token: string }>();
  const authorization = `Bearer ${token}`;
  const use = (path: string, from: string, headers: Record<string, string> = {}) =>
    platform.send(path, { headers: { authorization, ...headers } }, from);
  return { ...platform, use, token, authorization };
}

describe('a token of a pair with allowedCIDRs', () => {
  it.each([
    [inside, 200],
    ['::ffff:192.0.2.1', 200],
    ['2001:db8::1', 200],
    [outside, 403],
    ['2001:db9::1', 403],
    ['10.0.0.1', 403],
  ])('used from %s: %d', async (from, status) => {
    const { use } = await createRestricted();
    expect((await use(deploymentsPath, from)).status).toBe(status);
    expect((await use('/oauth2/auth', from)).status).toBe(status);
  });

  it('is checked with the address that a trusted proxy reports, for example a gateway at forward-auth', async () => {
    const { use } = await createRestricted();
    const via = (proxy: string, client: string) => use('/oauth2/auth', proxy, { 'x-forwarded-for': client });
    expect((await via('10.0.0.1', inside)).status).toBe(200);
    expect((await via('10.0.0.1', outside)).status).toBe(403);
    expect((await via(outside, inside)).status).toBe(403);
    expect((await via('10.0.0.1', `${inside}, ${outside}`)).status).toBe(403);
  });

  it('gets an error that does not name the networks, and a reason in the log', async () => {
    const { use, logged, uses } = await createRestricted();
    const before = uses.length;
    const answer = await use(deploymentsPath, outside);
    expect(answer.json()).toEqual({ code: 7, message: 'the token must not be used from this address', details: [] });
    expect(logged().at(-1)).toMatchObject({
      refused: 'allowedCIDRs of the key pair do not contain the client address',
    });
    expect(uses).toHaveLength(before);
  });

  it('is active at introspection, whose client is a resource server at another address', async () => {
    const { send, authorization, token } = await createRestricted();
    const other = await createPlatform();
    expect((await other.send('/oauth2/introspect', form({ token }, { authorization: basic(ak, sk) }))).status).toBe(
      200,
    );
    const byToken = await send('/oauth2/introspect', form({ token }, { authorization }), inside);
    expect(byToken.json()).toMatchObject({ active: true });
    const fromOutside = await send('/oauth2/introspect', form({ token }, { authorization }), outside);
    expect([fromOutside.status, fromOutside.json<{ error: string }>().error]).toEqual([401, 'invalid_client']);
  });
});
