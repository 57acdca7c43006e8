import { decodeJwt, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createLiveServiceAccounts } from '../../../../src/accesskey/live/live-users.ts';
import { createPairLookup } from '../../../../src/accesskey/live/pair-lookup.ts';
import type { Dependencies } from '../../../../src/http/common/dependencies.ts';
import { KubernetesError } from '../../../../src/kube/errors.ts';
import type { ServiceAccountName } from '../../../../src/kube/names.ts';
import { accessKey, at, caches, now } from '../../../support/builders.ts';
import { basic, createPlatform, form, type OAuthAnswer } from '../support.ts';

const path = '/oauth2/token';
const urn = 'urn:ietf:params:oauth';
const robot = 'system:serviceaccount:shop:robot';
const inAnHour = now / 1000 + 3600;
const ann = accessKey({ groups: ['dev'], serviceAccounts: ['robot'], keyPairs: [] });

/** The signature is irrelevant: the test provides the result of the review. */
function subjectToken(claims: Record<string, unknown> = {}): Promise<string> {
  const all = { iss: 'https://kubernetes', sub: robot, aud: ['ghippo.io'], exp: inAnHour, ...claims };
  return new SignJWT(all).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32));
}

async function request(change: Record<string, string> = {}, claims: Record<string, unknown> = {}) {
  return {
    grant_type: `${urn}:grant-type:token-exchange`,
    subject_token: await subjectToken(claims),
    subject_token_type: `${urn}:token-type:jwt`,
    ...change,
  };
}

/** A platform with these AccessKeys. The cluster returns `result` for every token; `reviewed` are the reviewed tokens. */
async function createExchange(
  result: ServiceAccountName | 'invalid' | Error = { namespace: 'shop', name: 'robot' },
  accessKeys = [ann],
  more: Partial<Dependencies> = {},
) {
  const reviewed: string[] = [];
  const content = caches({ accessKeys });
  const platform = await createPlatform({
    pairs: createPairLookup(content),
    serviceAccounts: createLiveServiceAccounts(content),
    async reviewServiceAccount(token) {
      reviewed.push(token);
      if (result instanceof Error) throw result;
      return result === 'invalid' ? undefined : result;
    },
    ...more,
  });
  return { ...platform, reviewed, content };
}

describe('a token exchange', () => {
  it.each([
    [undefined, `${urn}:token-type:access_token`],
    [`${urn}:token-type:access_token`, `${urn}:token-type:access_token`],
    [`${urn}:token-type:jwt`, `${urn}:token-type:jwt`],
  ])('returns a token of the user; requested type %s, issued type %s', async (requested, issued) => {
    const { send, uses, logged, reviewed } = await createExchange();
    const answer = await send(path, form(await request(requested ? { requested_token_type: requested } : {})));
    expect(answer.status, answer.text).toBe(200);
    const { access_token, ...rest } = answer.json<OAuthAnswer>();
    expect(rest).toEqual({ token_type: 'Bearer', expires_in: 3600, issued_token_type: issued });
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(decodeJwt(access_token)).toEqual({
      iss: 'ghippo.io',
      sub: ann.uid,
      preferred_username: 'ann',
      groups: ['dev'],
      client_id: robot,
      iat: now / 1000,
      exp: inAnHour,
    });
    expect(reviewed).toEqual([await subjectToken()]);
    expect(uses).toMatchObject([{ id: ann.uid, clientId: robot, pairName: undefined }]);
    const record = {
      audit: true,
      event: 'token.issued',
      serviceAccount: robot,
      user: 'ann',
      subject: 'uid-of-shop-ann',
    };
    expect(logged()).toEqual([expect.objectContaining(record)]);
  });

  it('returns a token that is valid only while a live AccessKey names the ServiceAccount', async () => {
    const { send, list, content } = await createExchange();
    const { access_token } = (await send(path, form(await request()))).json<OAuthAnswer>();
    const status = async () => (await list('', access_token)).status;
    expect(await status()).toBe(200);
    content.accessKeys.upsert(accessKey({ groups: ['dev'], serviceAccounts: ['other'] }));
    expect(await status()).toBe(401);
    content.accessKeys.upsert(accessKey({ groups: ['dev'], serviceAccounts: ['robot'], suspended: true }));
    expect(await status()).toBe(401);
    content.accessKeys.upsert(ann);
    expect(await status()).toBe(200);
    content.accessKeys.remove(ann.key);
    expect(await status()).toBe(401);
  });

  it('limits the validity to the default cycle', async () => {
    const { send } = await createExchange();
    const answer = await send(path, form(await request({}, { exp: now / 1000 + 365 * 86_400 })));
    expect(answer.json<{ expires_in: number }>().expires_in).toBe(3 * 86_400);
  });

  it('accepts the name of the ServiceAccount as client_id', async () => {
    const { send } = await createExchange();
    expect((await send(path, form(await request({ client_id: robot })))).status).toBe(200);
    const answer = await send(path, form(await request({ client_id: 'other' })));
    expect([answer.status, answer.json<OAuthAnswer>().error]).toEqual([400, 'invalid_request']);
    expect(answer.text).toContain('client_id, if sent, must be system:serviceaccount:<namespace>:<name>');
  });

  it('requires the configured exchange audience', async () => {
    const token = { issuer: 'ghippo.io', exchangeAudience: 'keys', defaultCycle: 3, maxCycle: 30 };
    const { send } = await createExchange(undefined, [ann], { token });
    expect((await send(path, form(await request({}, { aud: 'keys' })))).status).toBe(200);
    expect((await send(path, form(await request()))).status).toBe(400);
  });
});

describe('a subject token', () => {
  it.each<[string, Record<string, unknown>]>([
    ['for another audience', { aud: ['https://kubernetes.default.svc'] }],
    ['for no audience', { aud: undefined }],
    ['that has expired', { exp: now / 1000 }],
    ['without an expiry', { exp: undefined }],
    ['of a user', { sub: 'ann' }],
    ['of a node', { sub: 'system:node:shop' }],
    ['with too many parts in the name', { sub: `${robot}:x` }],
    ['with an invalid ServiceAccount name', { sub: 'system:serviceaccount:shop:Robot' }],
    ['with an invalid namespace', { sub: 'system:serviceaccount:sh.op:robot' }],
    ['with a name that is too long', { sub: `system:serviceaccount:shop:${'a'.repeat(254)}` }],
    ['with a namespace that is too long', { sub: `system:serviceaccount:${'a'.repeat(64)}:robot` }],
    ['with our issuer', { iss: 'ghippo.io' }],
    ['that is too long', { x: 'x'.repeat(9000) }],
    ['of a ServiceAccount that no AccessKey names', { sub: 'system:serviceaccount:shop:other' }],
    ['of the same name in another namespace', { sub: 'system:serviceaccount:other:robot' }],
  ])('%s is rejected without a review', async (_, claims) => {
    const { send, reviewed, logged } = await createExchange();
    const answer = await send(path, form(await request({}, claims)));
    expect(answer.status).toBe(400);
    expect(answer.json<OAuthAnswer>().error).toBe('invalid_request');
    expect(answer.json<OAuthAnswer>().error_description).toMatch(
      /^subject_token: must be a valid ServiceAccount token/,
    );
    expect(reviewed).toEqual([]);
    expect(logged()).toMatchObject([{ audit: true, event: 'token.refused' }]);
    expect(logged()[0]).not.toHaveProperty('serviceAccount');
  });

  it.each(['', 'x', 'a.b.c', '..', 'eyJhbGciOiJub25lIn0.bnVsbA.'])(
    'that is not a JWT is rejected: %j',
    async (text) => {
      const { send, reviewed } = await createExchange();
      const answer = await send(path, form(await request({ subject_token: text })));
      expect([answer.status, answer.json<OAuthAnswer>().error]).toEqual([400, 'invalid_request']);
      expect(reviewed).toEqual([]);
    },
  );

  it.each([
    ['rejects', 'invalid'],
    ['attributes to another ServiceAccount', { namespace: 'shop', name: 'other' }],
    ['attributes to another namespace', { namespace: 'other', name: 'robot' }],
  ] as const)('that the cluster %s is rejected', async (_, result) => {
    const { send, logged } = await createExchange(result);
    expect((await send(path, form(await request()))).status).toBe(400);
    expect(logged()).toMatchObject([{ refused: 'the cluster does not accept the token', serviceAccount: robot }]);
  });

  it.each([
    ['is suspended', accessKey({ serviceAccounts: ['robot'], suspended: true })],
    ['is being deleted', accessKey({ serviceAccounts: ['robot'], deleting: true })],
    ['is in another namespace', accessKey({ namespace: 'other', serviceAccounts: ['robot'] })],
  ])('is rejected if the AccessKey %s', async (_, one) => {
    const { send, logged } = await createExchange(undefined, [one]);
    expect((await send(path, form(await request()))).status).toBe(400);
    expect(logged()).toMatchObject([{ refused: 'no live AccessKey names the ServiceAccount' }]);
  });

  it('is rejected if the AccessKey does not hold the user', async () => {
    const older = accessKey({ namespace: 'other', name: 'older', user: 'ann', creationTimestamp: at(-7200) });
    const { send } = await createExchange(undefined, [ann, older]);
    expect((await send(path, form(await request()))).status).toBe(400);
  });

  it('is rejected if two live AccessKeys name the ServiceAccount', async () => {
    const bob = accessKey({ name: 'bob', user: 'bob', serviceAccounts: ['robot'] });
    const two = await createExchange(undefined, [ann, bob]);
    expect((await two.send(path, form(await request()))).status).toBe(400);
    const refused = 'several live AccessKeys name the ServiceAccount';
    expect(two.logged()).toMatchObject([{ refused, serviceAccount: robot }]);
    two.content.accessKeys.upsert({ ...bob, spec: { ...bob.spec, suspended: true } });
    expect((await two.send(path, form(await request()))).status).toBe(200);
  });

  it('is rejected if the AccessKey is deleted during the review', async () => {
    const content = caches({ accessKeys: [ann] });
    const { send } = await createPlatform({
      serviceAccounts: createLiveServiceAccounts(content),
      async reviewServiceAccount() {
        content.accessKeys.remove(ann.key);
        return { namespace: 'shop', name: 'robot' };
      },
    });
    expect((await send(path, form(await request()))).status).toBe(400);
  });
});

describe('the request', () => {
  it.each([
    ['invalid_request', { subject_token_type: '' }],
    ['invalid_request', { subject_token_type: `${urn}:token-type:access_token` }],
    ['invalid_request', { subject_token_type: `${urn}:token-type:id_token` }],
    ['invalid_request', { requested_token_type: `${urn}:token-type:refresh_token` }],
    ['invalid_request', { actor_token: 'x', actor_token_type: `${urn}:token-type:jwt` }],
    ['invalid_request', { actor_token_type: `${urn}:token-type:jwt` }],
    ['invalid_request', { client_secret: 'x' }],
    ['invalid_request', { client_assertion: 'x' }],
    ['invalid_scope', { scope: 'all' }],
    ['invalid_target', { audience: 'x', resource: 'y' }],
  ])('returns %s for %j', async (error, change) => {
    const { send, reviewed } = await createExchange();
    const answer = await send(path, form(await request(change)));
    expect([answer.status, answer.json<OAuthAnswer>().error]).toEqual([400, error]);
    expect(reviewed).toEqual([]);
  });

  it.each(['audience', 'resource'])(
    'returns invalid_target for an unknown %s of an authenticated ServiceAccount',
    async (name) => {
      const { send, reviewed } = await createExchange();
      const answer = await send(path, form(await request({ [name]: 'https://x' })));
      expect([answer.status, answer.json<OAuthAnswer>().error]).toEqual([400, 'invalid_target']);
      expect(reviewed).toHaveLength(1);
      const { send: sendUnknown } = await createExchange('invalid');
      const unauthenticated = await sendUnknown(path, form(await request({ [name]: 'https://x' })));
      expect(unauthenticated.json<OAuthAnswer>().error).toBe('invalid_request');
    },
  );

  it('selects one of the audiences of the AccessKey', async () => {
    const { send } = await createExchange(undefined, [{ ...ann, spec: { ...ann.spec, audiences: ['shop'] } }]);
    const answer = await send(path, form(await request({ audience: 'shop' })));
    expect(decodeJwt(answer.json<OAuthAnswer>().access_token)).toHaveProperty('aud', 'shop');
  });

  it('returns invalid_request with additional client authentication', async () => {
    const { send } = await createExchange();
    const answer = await send(path, form(await request(), { authorization: basic('a', 'b') }));
    expect([answer.status, answer.json<OAuthAnswer>().error]).toEqual([400, 'invalid_request']);
  });

  it('returns 503 if the cluster is unavailable', async () => {
    const { send, logged } = await createExchange(
      new KubernetesError('POST tokenreviews: 403', { status: 403, reason: 'Forbidden' }),
    );
    const answer = await send(path, form(await request()));
    expect([answer.status, answer.json<OAuthAnswer>().error]).toEqual([503, 'temporarily_unavailable']);
    expect(logged()).toMatchObject([{ error: 'POST tokenreviews: 403' }]);
  });

  it('makes no review for an address with too many failures', async () => {
    const token = {
      issuer: 'ghippo.io',
      defaultCycle: 3,
      maxCycle: 30,
      failureThrottle: { burst: 2, refillSeconds: 86_400 },
    };
    const { send, reviewed } = await createExchange('invalid', [ann], { token });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1)
      statuses.push((await send(path, form(await request()), '192.0.2.1')).status);
    expect(statuses).toEqual([400, 400, 429, 429]);
    expect(reviewed).toHaveLength(2);
    expect((await send(path, form(await request()), '192.0.2.2')).status).toBe(400);
  });

  describe('with a limit of two failures', () => {
    const token = {
      issuer: 'ghippo.io',
      defaultCycle: 3,
      maxCycle: 30,
      failureThrottle: { burst: 2, refillSeconds: 86_400 },
    };
    const atOnce = async (send: (path: string, init: RequestInit, from: string) => Promise<unknown>, times: number) => {
      const body = await request();
      await Promise.all(Array.from({ length: times }, () => send(path, form(body), '192.0.2.1')));
    };

    it('makes two reviews of invalid tokens, also for concurrent requests', async () => {
      const { send, reviewed } = await createExchange('invalid', [ann], { token });
      await atOnce(send, 50);
      expect(reviewed).toHaveLength(2);
    });

    it.each<[string, number]>([
      ['valid', 200],
      ['unavailable', 503],
    ])('makes two reviews at a time, while the others wait: %s', async (kind, status) => {
      let [inFlight, most] = [0, 0];
      const { send } = await createExchange(undefined, [ann], {
        token,
        async reviewServiceAccount() {
          inFlight += 1;
          most = Math.max(most, inFlight);
          await new Promise(setImmediate);
          inFlight -= 1;
          if (kind === 'valid') return { namespace: 'shop', name: 'robot' };
          throw new KubernetesError('no', { status: 503, reason: 'ServiceUnavailable' });
        },
      });
      const body = await request();
      const send50 = Array.from({ length: 50 }, () => send(path, form(body), '192.0.2.1'));
      const statuses = (await Promise.all(send50)).map((answer) => answer.status);
      expect([new Set(statuses), most]).toEqual([new Set([status]), 2]);
    });

    const cat = 'system:serviceaccount:shop:cat';
    const both = accessKey({ serviceAccounts: ['robot', 'cat'], keyPairs: [] });
    const from = '192.0.2.1';

    /** A cluster that accepts only tokens of one ServiceAccount. `reviewed` are the subjects of all reviewed tokens. */
    async function createSelective(genuine: string, accessKeys = [both]) {
      const reviewed: unknown[] = [];
      const platform = await createExchange(undefined, accessKeys, {
        token,
        async reviewServiceAccount(subject) {
          const { sub } = decodeJwt(subject);
          reviewed.push(sub);
          return sub === genuine ? { namespace: 'shop', name: genuine.split(':').at(-1) ?? '' } : undefined;
        },
      });
      const ask = async (claims: object) =>
        (await platform.send(path, form(await request({}, { ...claims })), from)).status;
      const askAgain = async (claims: object, times: number) => {
        const statuses: number[] = [];
        for (let index = 0; index < times; index += 1) statuses.push(await ask(claims));
        return statuses;
      };
      return { ask, askAgain, reviewed };
    }

    it('does not block other ServiceAccounts at the same address', async () => {
      const { ask, askAgain } = await createSelective(cat);
      expect(await askAgain({ sub: robot }, 4)).toEqual([400, 400, 429, 429]);
      expect(await askAgain({ sub: cat }, 4)).toEqual([200, 200, 200, 200]);
      expect(await ask({ sub: robot })).toBe(429);
    });

    it.each([
      ['is for another audience', { aud: 'x' }],
      ['has expired', { exp: now / 1000 }],
      ['does not belong to a ServiceAccount', { sub: 'ann' }],
      ['has our issuer', { iss: 'ghippo.io' }],
    ])('does not count a token that %s', async (_, claims) => {
      const { askAgain, reviewed } = await createSelective(robot);
      expect(new Set(await askAgain(claims, 50))).toEqual(new Set([400]));
      expect(reviewed).toEqual([]);
      expect(await askAgain({ sub: robot }, 3)).toEqual([200, 200, 200]);
    });

    it('throttles ServiceAccounts that no AccessKey names like any other, without reviews', async () => {
      const { ask, askAgain, reviewed } = await createSelective(cat);
      const unnamed = (index: number) => ({ sub: `system:serviceaccount:shop:dog-${index}` });
      expect(await askAgain(unnamed(0), 3)).toEqual(await askAgain({ sub: robot }, 3));
      // More than the limit of all ServiceAccounts of an address.
      for (let index = 0; index < 50; index += 1) expect(await askAgain(unnamed(index), 1)).not.toContain(200);
      expect(reviewed).toEqual([robot, robot]);
      expect(await ask({ sub: cat })).toBe(200);
    });

    it('limits the reviews of an address to those of twenty ServiceAccounts', async () => {
      const names = Array.from({ length: 30 }, (_, index) => `robot-${index}`);
      const { ask, reviewed } = await createSelective('', [accessKey({ serviceAccounts: names, keyPairs: [] })]);
      const statuses: number[] = [];
      for (const name of names) {
        for (let time = 0; time < 2; time += 1) statuses.push(await ask({ sub: `system:serviceaccount:shop:${name}` }));
      }
      expect(reviewed).toHaveLength(40);
      expect(statuses).toEqual([...Array<number>(40).fill(400), ...Array<number>(20).fill(429)]);
      expect(await ask({ sub: 'system:serviceaccount:shop:unnamed' })).toBe(429);
    });

    it('does not count valid tokens, nor wrong key pairs', async () => {
      const { send } = await createExchange(undefined, [ann], { token });
      const wrong = form({ grant_type: 'client_credentials', client_id: 'a', client_secret: 'b' });
      for (let index = 0; index < 5; index += 1) await send(path, wrong, '192.0.2.1');
      for (let index = 0; index < 5; index += 1) {
        expect((await send(path, form(await request()), '192.0.2.1')).status).toBe(200);
      }
    });

    it('does not count attempts while the cluster is unavailable', async () => {
      let isAvailable = false;
      const { send } = await createExchange(undefined, [ann], {
        token,
        async reviewServiceAccount() {
          if (isAvailable) return { namespace: 'shop', name: 'robot' };
          throw new KubernetesError('no', { status: 503, reason: 'ServiceUnavailable' });
        },
      });
      const ask = async () => (await send(path, form(await request()), from)).status;
      const statuses = new Set<number>();
      // More than the limit of all ServiceAccounts of an address.
      for (let index = 0; index < 50; index += 1) statuses.add(await ask());
      expect(statuses).toEqual(new Set([503]));
      isAvailable = true;
      expect(await ask()).toBe(200);
    });

    it('writes an audit record if the cluster is unavailable', async () => {
      const error = new KubernetesError('no', { status: 503, reason: 'ServiceUnavailable' });
      const { send, logged } = await createExchange(error, [ann], { token });
      expect((await send(path, form(await request()), '192.0.2.1')).status).toBe(503);
      expect(logged().at(-1)).toMatchObject({ audit: true, event: 'token.refused' });
    });
  });

  it('does not log the subject token', async () => {
    const { send, log } = await createExchange();
    await send(path, form(await request()));
    await send(path, form(await request({}, { aud: 'x' })));
    const [, payload = '', signature = ''] = (await subjectToken()).split('.');
    expect(log()).not.toContain(payload);
    expect(log()).not.toContain(signature);
  });
});
