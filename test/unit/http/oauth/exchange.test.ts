import { decodeJwt, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createLivePairs } from '../../../../src/accesskey/live/live-pairs.ts';
import { createLiveServiceAccounts } from '../../../../src/accesskey/live/live-service-accounts.ts';
import type { Dependencies } from '../../../../src/http/common/environment.ts';
import { KubernetesError } from '../../../../src/kube/errors.ts';
import type { ServiceAccountName } from '../../../../src/kube/names.ts';
import { accessKey, at, caches, now } from '../../../support/builders.ts';
import { basic, createPlatform, form } from '../support.ts';

interface Answer {
  access_token: string;
  error: string;
  error_description: string;
}

const path = '/oauth2/token';
const urn = 'urn:ietf:params:oauth';
const robot = 'system:serviceaccount:shop:robot';
const inAnHour = now / 1000 + 3600;
const ann = accessKey({ groups: ['dev'], serviceAccounts: ['robot'], keyPairs: [] });

/** Nobody here verifies the signature but the review, which the test plays. */
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

/** A platform over these AccessKeys whose cluster says this of every token, and notes what it was asked. */
async function createExchange(
  says: ServiceAccountName | 'nobody' | Error = { namespace: 'shop', name: 'robot' },
  accessKeys = [ann],
  more: Partial<Dependencies> = {},
) {
  const reviewed: string[] = [];
  const content = caches({ accessKeys });
  const platform = await createPlatform({
    pairs: createLivePairs(content),
    serviceAccounts: createLiveServiceAccounts(content),
    async reviewServiceAccount(token) {
      reviewed.push(token);
      if (says instanceof Error) throw says;
      return says === 'nobody' ? undefined : says;
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
  ])('gives a token of the user that the AccessKey names; asked for %s it is called %s', async (wanted, issued) => {
    const { send, uses, logged, reviewed } = await createExchange();
    const answer = await send(path, form(await request(wanted ? { requested_token_type: wanted } : {})));
    expect(answer.status, answer.text).toBe(200);
    const { access_token, ...rest } = answer.json<Answer>();
    expect(rest).toEqual({ token_type: 'Bearer', expires_in: 3600, issued_token_type: issued });
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(decodeJwt(access_token)).toEqual({
      ...{ iss: 'ghippo.io', sub: ann.uid, preferred_username: 'ann', groups: ['dev'] },
      ...{ client_id: robot, iat: now / 1000, exp: inAnHour },
    });
    expect(reviewed).toEqual([await subjectToken()]);
    expect(uses).toEqual([]);
    const record = {
      audit: true,
      event: 'token.issued',
      serviceAccount: robot,
      user: 'ann',
      subject: 'uid-of-shop-ann',
    };
    expect(logged()).toEqual([expect.objectContaining(record)]);
  });

  it('gives a token that is accepted only while the AccessKey is live and names the ServiceAccount', async () => {
    const { send, list, content } = await createExchange();
    const { access_token } = (await send(path, form(await request()))).json<Answer>();
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

  it('never outlives the default cycle', async () => {
    const { send } = await createExchange();
    const answer = await send(path, form(await request({}, { exp: now / 1000 + 365 * 86_400 })));
    expect(answer.json<{ expires_in: number }>().expires_in).toBe(3 * 86_400);
  });

  it('takes client_id when it is the name of the ServiceAccount', async () => {
    const { send } = await createExchange();
    expect((await send(path, form(await request({ client_id: robot })))).status).toBe(200);
    const answer = await send(path, form(await request({ client_id: 'other' })));
    expect([answer.status, answer.json<Answer>().error]).toEqual([400, 'invalid_request']);
  });

  it('takes the audience that is configured for it', async () => {
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
    ['that has run out', { exp: now / 1000 }],
    ['that never runs out', { exp: undefined }],
    ['of a user', { sub: 'ann' }],
    ['of a node', { sub: 'system:node:shop' }],
    ['of a name with too many parts', { sub: `${robot}:x` }],
    ['of a name that no ServiceAccount can have', { sub: 'system:serviceaccount:shop:Robot' }],
    ['of a namespace that cannot be', { sub: 'system:serviceaccount:sh.op:robot' }],
    ['of a name of any length', { sub: `system:serviceaccount:shop:${'a'.repeat(254)}` }],
    ['of a namespace of any length', { sub: `system:serviceaccount:${'a'.repeat(64)}:robot` }],
    ['of ours', { iss: 'ghippo.io' }],
    ['that is far too long', { x: 'x'.repeat(9000) }],
    ['of a ServiceAccount that nobody names', { sub: 'system:serviceaccount:shop:other' }],
    ['of the same name in another namespace', { sub: 'system:serviceaccount:other:robot' }],
  ])('%s is refused, and the cluster is not asked', async (_, claims) => {
    const { send, reviewed, logged } = await createExchange();
    const answer = await send(path, form(await request({}, claims)));
    expect(answer.status).toBe(400);
    expect(answer.json<Answer>().error).toBe('invalid_request');
    expect(answer.json<Answer>().error_description).toMatch(/^subject_token: must be a valid ServiceAccount token/);
    expect(reviewed).toEqual([]);
    expect(logged()).toMatchObject([{ audit: true, event: 'token.refused' }]);
    expect(logged()[0]).not.toHaveProperty('serviceAccount');
  });

  it.each(['', 'x', 'a.b.c', '..', 'eyJhbGciOiJub25lIn0.bnVsbA.'])('that is no JWT is refused: %j', async (text) => {
    const { send, reviewed } = await createExchange();
    const answer = await send(path, form(await request({ subject_token: text })));
    expect([answer.status, answer.json<Answer>().error]).toEqual([400, 'invalid_request']);
    expect(reviewed).toEqual([]);
  });

  it.each([
    ['does not accept', 'nobody'],
    ['calls that of another ServiceAccount', { namespace: 'shop', name: 'other' }],
    ['calls that of another namespace', { namespace: 'other', name: 'robot' }],
  ] as const)('that the cluster %s is refused', async (_, says) => {
    const { send, logged } = await createExchange(says);
    expect((await send(path, form(await request()))).status).toBe(400);
    expect(logged()).toMatchObject([{ refused: 'the cluster does not accept the token', serviceAccount: robot }]);
  });

  it.each([
    ['is suspended', accessKey({ serviceAccounts: ['robot'], suspended: true })],
    ['is being deleted', accessKey({ serviceAccounts: ['robot'], deleting: true })],
    ['is in another namespace', accessKey({ namespace: 'other', serviceAccounts: ['robot'] })],
  ])('gets nothing when its AccessKey %s', async (_, one) => {
    const { send, logged } = await createExchange(undefined, [one]);
    expect((await send(path, form(await request()))).status).toBe(400);
    expect(logged()).toMatchObject([{ refused: 'no live AccessKey names the ServiceAccount' }]);
  });

  it('gets nothing when its AccessKey does not hold the user', async () => {
    const older = accessKey({ namespace: 'other', name: 'older', user: 'ann', creationTimestamp: at(-7200) });
    const { send } = await createExchange(undefined, [ann, older]);
    expect((await send(path, form(await request()))).status).toBe(400);
  });

  it('gets nothing when two live AccessKeys name its ServiceAccount, for either could be meant', async () => {
    const bob = accessKey({ name: 'bob', user: 'bob', serviceAccounts: ['robot'] });
    const two = await createExchange(undefined, [ann, bob]);
    expect((await two.send(path, form(await request()))).status).toBe(400);
    const refused = 'several live AccessKeys name the ServiceAccount';
    expect(two.logged()).toMatchObject([{ refused, serviceAccount: robot }]);
    two.content.accessKeys.upsert({ ...bob, spec: { ...bob.spec, suspended: true } });
    expect((await two.send(path, form(await request()))).status).toBe(200);
  });

  it('gets nothing when the AccessKey goes while the cluster is asked', async () => {
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
    ['invalid_target', { audience: 'x' }],
    ['invalid_target', { resource: 'https://x' }],
  ])('is refused with %s: %j', async (error, change) => {
    const { send, reviewed } = await createExchange();
    const answer = await send(path, form(await request(change)));
    expect([answer.status, answer.json<Answer>().error]).toEqual([400, error]);
    expect(reviewed).toEqual([]);
  });

  it('is refused with client authentication beside the subject token', async () => {
    const { send } = await createExchange();
    const answer = await send(path, form(await request(), { authorization: basic('a', 'b') }));
    expect([answer.status, answer.json<Answer>().error]).toEqual([400, 'invalid_request']);
  });

  it('is answered 503 when the cluster cannot be asked', async () => {
    const { send, logged } = await createExchange(new KubernetesError(403, 'Forbidden', 'POST tokenreviews: 403', 0));
    const answer = await send(path, form(await request()));
    expect([answer.status, answer.json<Answer>().error]).toEqual([503, 'temporarily_unavailable']);
    expect(logged()).toMatchObject([{ error: 'POST tokenreviews: 403' }]);
  });

  it('asks the cluster no more for an address beyond its budget', async () => {
    const token = {
      issuer: 'ghippo.io',
      defaultCycle: 3,
      maxCycle: 30,
      failureThrottle: { burst: 2, refillSeconds: 60 },
    };
    const { send, reviewed } = await createExchange('nobody', [ann], { token });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1)
      statuses.push((await send(path, form(await request()), '192.0.2.1')).status);
    expect(statuses).toEqual([400, 400, 429, 429]);
    expect(reviewed).toHaveLength(2);
    expect((await send(path, form(await request()), '192.0.2.2')).status).toBe(400);
  });

  describe('with a budget of two failures', () => {
    const token = {
      ...{ issuer: 'ghippo.io', defaultCycle: 3, maxCycle: 30 },
      failureThrottle: { burst: 2, refillSeconds: 60 },
    };
    const atOnce = async (send: (path: string, init: RequestInit, from: string) => Promise<unknown>, times: number) => {
      const body = await request();
      await Promise.all(Array.from({ length: times }, () => send(path, form(body), '192.0.2.1')));
    };

    it('asks the cluster no more often than that, also when all come at once or the cluster is silent', async () => {
      for (const says of ['nobody', new KubernetesError(503, 'ServiceUnavailable', 'no', 0)] as const) {
        const { send, reviewed } = await createExchange(says, [ann], { token });
        await atOnce(send, 50);
        expect(reviewed).toHaveLength(2);
      }
    });

    const cat = 'system:serviceaccount:shop:cat';
    const both = accessKey({ serviceAccounts: ['robot', 'cat'], keyPairs: [] });
    const from = '192.0.2.1';

    /** A cluster that finds the tokens of one ServiceAccount genuine, and notes whose it was asked about. */
    async function createPicky(genuine: string, accessKeys = [both]) {
      const asked: unknown[] = [];
      const platform = await createExchange(undefined, accessKeys, {
        token,
        async reviewServiceAccount(subject) {
          const { sub } = decodeJwt(subject);
          asked.push(sub);
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
      return { ask, askAgain, asked };
    }

    it('shuts out no other ServiceAccount at the same address', async () => {
      const { ask, askAgain } = await createPicky(cat);
      expect(await askAgain({ sub: robot }, 4)).toEqual([400, 400, 429, 429]);
      expect(await askAgain({ sub: cat }, 4)).toEqual([200, 200, 200, 200]);
      expect(await ask({ sub: robot })).toBe(429);
    });

    it.each([
      ['is for another audience', { aud: 'x' }],
      ['has run out', { exp: now / 1000 }],
      ['is no ServiceAccount’s', { sub: 'ann' }],
      ['is of ours', { iss: 'ghippo.io' }],
    ])('charges nobody for a token that %s', async (_, claims) => {
      const { askAgain, asked } = await createPicky(robot);
      expect(new Set(await askAgain(claims, 50))).toEqual(new Set([400]));
      expect(asked).toEqual([]);
      expect(await askAgain({ sub: robot }, 3)).toEqual([200, 200, 200]);
    });

    it('answers names that no AccessKey has as those that one has, asks the cluster about none and charges nobody else', async () => {
      const { ask, askAgain, asked } = await createPicky(cat);
      const unnamed = (index: number) => ({ sub: `system:serviceaccount:shop:dog-${index}` });
      expect(await askAgain(unnamed(0), 3)).toEqual(await askAgain({ sub: robot }, 3));
      // More than all ServiceAccounts of an address may have fail together.
      for (let index = 0; index < 50; index += 1) expect(await askAgain(unnamed(index), 1)).not.toContain(200);
      expect(asked).toEqual([robot, robot]);
      expect(await ask({ sub: cat })).toBe(200);
    });

    it('has the cluster asked about twenty ServiceAccounts of an address, and no more', async () => {
      const names = Array.from({ length: 30 }, (_, index) => `robot-${index}`);
      const { ask, asked } = await createPicky('', [accessKey({ serviceAccounts: names, keyPairs: [] })]);
      const statuses: number[] = [];
      for (const name of names) {
        for (let time = 0; time < 2; time += 1) statuses.push(await ask({ sub: `system:serviceaccount:shop:${name}` }));
      }
      expect(asked).toHaveLength(40);
      expect(statuses).toEqual([...Array<number>(40).fill(400), ...Array<number>(20).fill(429)]);
      expect(await ask({ sub: 'system:serviceaccount:shop:unnamed' })).toBe(429);
    });

    it('gives the budget back for tokens that are right, and wrong pairs take nothing of it', async () => {
      const { send } = await createExchange(undefined, [ann], { token });
      const wrong = form({ grant_type: 'client_credentials', client_id: 'a', client_secret: 'b' });
      for (let index = 0; index < 5; index += 1) await send(path, wrong, '192.0.2.1');
      for (let index = 0; index < 5; index += 1) {
        expect((await send(path, form(await request()), '192.0.2.1')).status).toBe(200);
      }
    });

    it('leaves an audit record when the cluster cannot be asked', async () => {
      const says = new KubernetesError(503, 'ServiceUnavailable', 'no', 0);
      const { send, logged } = await createExchange(says, [ann], { token });
      expect((await send(path, form(await request()), '192.0.2.1')).status).toBe(503);
      expect(logged().at(-1)).toMatchObject({ audit: true, event: 'token.refused' });
    });
  });

  it('leaves nothing of the subject token in the log', async () => {
    const { send, log } = await createExchange();
    await send(path, form(await request()));
    await send(path, form(await request({}, { aud: 'x' })));
    const [, payload = '', signature = ''] = (await subjectToken()).split('.');
    expect(log()).not.toContain(payload);
    expect(log()).not.toContain(signature);
  });
});
