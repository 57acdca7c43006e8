/** Tokens of trusted issuers at the token endpoint: token exchange (RFC 8693) and JWT grant (RFC 7523). */
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { createLiveFederated } from '../../../../src/accesskey/live/live-users.ts';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import { createExternalTokens } from '../../../../src/token/federation/external-token.ts';
import { accessKey, caches, now } from '../../../support/builders.ts';
import { audience, createIssuer, issuer, subject } from '../../token/federation/issuers.ts';
import { basic, createPlatform, deploymentsPath, form, type OAuthAnswer } from '../support.ts';

const path = '/oauth2/token';
const urn = 'urn:ietf:params:oauth';
const clientId = `${issuer}#${subject}`;
const named = { issuer, subject, audience };

/** The AccessKey of ann that names the subject. */
function naming(
  spec: Partial<AccessKeyRecord['spec']> = {},
  parts: Parameters<typeof accessKey>[0] = {},
): AccessKeyRecord {
  const one = accessKey({ groups: ['dev'], keyPairs: [], ...parts });
  return { ...one, spec: { ...one.spec, federated: [named], ...spec } };
}

async function createFederation(
  accessKeys = [naming()],
  throttle?: { burst: number; refillSeconds: number },
  namespaces?: string[],
) {
  const content = caches({ accessKeys });
  const fake = await createIssuer();
  const trusted = { issuer, audiences: [audience], algorithms: ['ES256'] };
  const tokens = createExternalTokens({ issuers: [trusted], fetch: fake.fetch, now: () => now });
  const platform = await createPlatform({
    federation: { tokens, users: createLiveFederated(content, [{ issuer, namespaces }]) },
    token: { issuer: 'ghippo.io', defaultCycle: 3, maxCycle: 30, ...(throttle && { failureThrottle: throttle }) },
  });
  const exchange = (token: string, change: Record<string, string> = {}) => {
    const type = { subject_token_type: `${urn}:token-type:jwt` };
    const grant = { grant_type: `${urn}:grant-type:token-exchange`, subject_token: token, ...type };
    return platform.send(path, form({ ...grant, ...change }), '192.0.2.1');
  };
  const assert = (assertion: string, change: Record<string, string> = {}, headers: Record<string, string> = {}) =>
    platform.send(
      path,
      form({ grant_type: `${urn}:grant-type:jwt-bearer`, assertion, ...change }, headers),
      '192.0.2.1',
    );
  return { ...platform, ...fake, content, exchange, assert };
}

describe('a token of a trusted issuer', () => {
  it('is exchanged for a token of the user whose AccessKey names its subject', async () => {
    const { exchange, assert, token, get, content, logged } = await createFederation();
    for (const answer of [await exchange(await token()), await assert(await token())]) {
      expect(answer.status, answer.text).toBe(200);
      const { access_token } = answer.json<OAuthAnswer>();
      const claims = { sub: 'uid-of-shop-ann', preferred_username: 'ann', groups: ['dev'], client_id: clientId };
      expect(decodeJwt(access_token)).toMatchObject({ ...claims, exp: now / 1000 + 600 });
      const record = { event: 'token.issued', federated: clientId, user: 'ann' };
      expect(logged().filter(({ event }) => event === 'token.issued')).toMatchObject([record, record]);
      const use = async () => (await get(deploymentsPath, { authorization: `Bearer ${access_token}` })).status;
      expect(await use()).toBe(200);
      content.accessKeys.upsert(naming({ federated: [] }));
      expect(await use()).toBe(401);
      content.accessKeys.upsert(naming());
    }
  });

  it.each<[string, AccessKeyRecord[]]>([
    ['no AccessKey names it', [naming({ federated: [] })]],
    ['an AccessKey names another subject', [naming({ federated: [{ ...named, subject: `${subject}x` }] })]],
    ['an AccessKey names another issuer', [naming({ federated: [{ ...named, issuer: `${issuer}/` }] })]],
    ['an AccessKey names it with another audience', [naming({ federated: [{ ...named, audience: 'other' }] })]],
    ['the AccessKey is suspended', [naming({ suspended: true })]],
    ['the AccessKey is being deleted', [naming({}, { deleting: true })]],
    ['another AccessKey also names it', [naming(), naming({}, { namespace: 'other', name: 'eve', user: 'eve' })]],
    [
      'another AccessKey names it with another audience',
      [
        naming(),
        naming({ federated: [{ ...named, audience: 'x' }] }, { namespace: 'other', name: 'eve', user: 'eve' }),
      ],
    ],
  ])('is rejected if %s', async (_, accessKeys) => {
    const { exchange, assert, token } = await createFederation(accessKeys);
    const exchanged = await exchange(await token());
    expect([exchanged.status, exchanged.json<OAuthAnswer>().error]).toEqual([400, 'invalid_request']);
    const asserted = await assert(await token());
    expect([asserted.status, asserted.json<OAuthAnswer>().error]).toEqual([400, 'invalid_grant']);
  });

  describe('whose subject may be named only in some namespaces', () => {
    const other = naming({}, { namespace: 'evil', name: 'eve', user: 'eve' });

    it('is exchanged although an AccessKey elsewhere also names it', async () => {
      const { exchange, token, get } = await createFederation([other, naming()], undefined, ['prod', 'shop']);
      const answer = await exchange(await token());
      expect(answer.status).toBe(200);
      const { access_token } = answer.json<OAuthAnswer>();
      expect(decodeJwt(access_token)).toMatchObject({ preferred_username: 'ann' });
      expect((await get(deploymentsPath, { authorization: `Bearer ${access_token}` })).status).toBe(200);
    });

    it('is rejected if only an AccessKey elsewhere names it, and if several in these namespaces do', async () => {
      const elsewhere = await createFederation([other], undefined, ['shop']);
      expect((await elsewhere.exchange(await elsewhere.token())).status).toBe(400);
      const several = await createFederation([other, naming()], undefined, ['evil', 'shop']);
      expect((await several.exchange(await several.token())).status).toBe(400);
    });
  });

  it('is rejected if several AccessKeys name it, and the log names them', async () => {
    const others = Array.from({ length: 10 }, (_, n) => naming({}, { name: `a${n}`, user: `a${n}` }));
    const { exchange, token, logged } = await createFederation(others);
    await exchange(await token());
    const detail = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `shop/a${n}`).join(', ');
    expect(logged()[0]).toMatchObject({ refused: 'several live AccessKeys name the subject', detail });
  });

  it('is rejected if it is not valid, with the reason only in the log', async () => {
    const { exchange, token, logged } = await createFederation();
    const answer = await exchange(await token({ exp: now / 1000 - 60 }));
    expect([answer.status, answer.json<OAuthAnswer>().error]).toEqual([400, 'invalid_request']);
    const refused = { event: 'token.refused', refused: 'the token of the issuer is not valid' };
    expect(logged()[0]).toMatchObject({ ...refused, detail: 'ERR_JWT_EXPIRED' });
  });

  it('is throttled by address and subject after too many failures', async () => {
    const { exchange, token } = await createFederation([naming()], { burst: 2, refillSeconds: 3600 });
    const expired = await token({ exp: now / 1000 - 60 });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1) statuses.push((await exchange(expired)).status);
    expect(statuses).toEqual([400, 400, 429, 429]);
    expect((await exchange(await token())).status).toBe(429);
    expect((await exchange(await token({ sub: 'other' }))).status).toBe(400);
  });

  it('gets 503 while its issuer is unavailable, which does not count as a failure', async () => {
    const { exchange, token, respondWith } = await createFederation([naming()], { burst: 1, refillSeconds: 3600 });
    respondWith(() => Promise.reject(new TypeError('fetch failed')));
    for (let index = 0; index < 3; index += 1) {
      const answer = await exchange(await token());
      expect([answer.status, answer.json<OAuthAnswer>().error]).toEqual([503, 'temporarily_unavailable']);
    }
  });

  it('gets 400 if its issuer sends something invalid', async () => {
    const { exchange, token, respondWith } = await createFederation();
    respondWith(() => new Response('<html>'));
    expect((await exchange(await token())).status).toBe(400);
  });
});

describe('the request', () => {
  it.each([
    ['client_secret', { client_secret: 'x' }, {}],
    ['client_assertion', { client_assertion: 'x' }, {}],
    ['Basic', {}, { authorization: basic('a', 'b') }],
    ['no assertion', { assertion: '' }, {}],
  ])('of RFC 7523 is rejected with %s', async (_, change, headers) => {
    const { assert, token } = await createFederation();
    const answer = await assert(await token(), change, headers as Record<string, string>);
    expect([answer.status, answer.json<OAuthAnswer>().error]).toEqual([400, 'invalid_request']);
  });

  it('may name the subject as client_id, and no other', async () => {
    const { assert, token } = await createFederation();
    expect((await assert(await token(), { client_id: clientId })).status).toBe(200);
    expect((await assert(await token(), { client_id: 'other' })).json<OAuthAnswer>().error).toBe('invalid_grant');
  });

  it('of RFC 7523 is not supported if no issuer is trusted', async () => {
    const { send } = await createPlatform();
    const answer = await send(path, form({ grant_type: `${urn}:grant-type:jwt-bearer`, assertion: 'x' }));
    expect([answer.status, answer.json<OAuthAnswer>().error]).toEqual([400, 'unsupported_grant_type']);
  });
});
