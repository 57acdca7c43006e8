import { beforeAll, describe, expect, it } from 'vitest';
import { DeploymentList } from '../../../../src/deployments/kpanda/schema.ts';
import { ConnectionError, KubernetesError } from '../../../../src/kube/errors.ts';
import { signToken } from '../../../../src/token/sign.ts';
import { accessKey, keyPair, now } from '../../../support/builders.ts';
import {
  ak,
  allowing,
  createPlatform,
  deployments,
  deploymentsPath,
  failing,
  signingKeys,
  sk,
  visibility,
} from '../support.ts';

let token: string;
beforeAll(async () => {
  token = await (await createPlatform()).token();
});

const names = (answer: { json: <T>() => T }) =>
  answer.json<DeploymentList>().items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

describe('the listing', () => {
  it('returns the deployments sorted by namespace and name, as in the schema', async () => {
    const { list } = await createPlatform();
    const answer = await list('', token);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Cache-Control')).toBe('private, no-cache');
    expect(names(answer)).toEqual(['shop/api', 'shop/web', 'store/db']);
    const body = answer.json<DeploymentList>();
    expect(body.pagination).toEqual({ total: 3, page: 1, pageSize: 10, pages: 1 });
    expect(DeploymentList.parse(body)).toEqual(body);
  });

  it.each([
    ['?page=1&pageSize=2', ['shop/api', 'shop/web'], { page: 1, pageSize: 2, pages: 2 }],
    ['?page=2&pageSize=2', ['store/db'], { page: 2, pageSize: 2, pages: 2 }],
    ['?page=3&pageSize=2', [], { page: 3, pageSize: 2, pages: 2 }],
    ['?page=1000000', [], { page: 1_000_000, pageSize: 10, pages: 1 }],
    ['?pageSize=500', ['shop/api', 'shop/web', 'store/db'], { page: 1, pageSize: 500, pages: 1 }],
    ['?pageSize=01', ['shop/api'], { page: 1, pageSize: 1, pages: 3 }],
  ])('%s', async (query, items, pagination) => {
    const { list } = await createPlatform();
    const answer = await list(query, token);
    expect(names(answer)).toEqual(items);
    expect(answer.json<DeploymentList>().pagination).toEqual({ total: 3, ...pagination });
  });

  it('returns and counts only what the user may see', async () => {
    const { list } = await createPlatform({ cluster: { authorizer: allowing('store', 'elsewhere') } });
    const answer = await list('', token);
    expect(names(answer)).toEqual(['store/db']);
    expect(answer.json<DeploymentList>().pagination.total).toBe(1);
  });

  it('is empty without deployments, for a user who may list all', async () => {
    const { list } = await createPlatform({ cluster: { deployments: deployments() } });
    const answer = await list('', token);
    expect([answer.status, names(answer)]).toEqual([200, []]);
    expect(answer.json<DeploymentList>().pagination).toEqual({ total: 0, page: 1, pageSize: 10, pages: 0 });
  });

  it('reviews the user and groups of the token', async () => {
    const asked: unknown[] = [];
    const authorizer = { ...allowing(), visibleNamespaces: visibility(async (subject) => asked.push(subject) > 0) };
    const { list } = await createPlatform({ cluster: { authorizer } });
    await list('', token);
    expect(asked).toMatchObject([{ name: 'ann', groups: ['dev'] }]);
  });

  it.each(['pageSize', 'page'])('rejects every invalid %s, and names the parameter', async (field) => {
    const { list } = await createPlatform();
    const max = field === 'page' ? 1_000_000 : 500;
    const rule = `must be a whole number from 1 to ${max}`;
    const bad = ['0', '-1', '1.5', 'abc', '99999999999', '%2B1', '+1', '0x1', '%201', String(max + 1)];
    for (const value of [...bad, '1e2', '9'.repeat(5_000), '%00', '1,2']) {
      const answer = await list(`?${field}=${value}`, token);
      expect([value, answer.status, answer.json()]).toEqual([
        value,
        400,
        {
          code: 3,
          message: `${field}: ${rule}`,
          details: [
            {
              '@type': 'type.googleapis.com/google.rpc.BadRequest',
              fieldViolations: [{ field, description: rule }],
            },
          ],
        },
      ]);
    }
    expect((await list(`?${field}=1&${field}=2`, token)).json()).toMatchObject({
      code: 3,
      message: `${field}: must be given only once`,
    });
  });

  it.each(['names', 'pagesize', 'sortby', 'cluster', 'namespace', 'constructor', '__proto__'])(
    'rejects the parameter %s',
    async (field) => {
      const { list } = await createPlatform();
      const answer = await list(`?${field}=1`, token);
      expect(answer.status).toBe(400);
      expect(answer.json().details[0]?.fieldViolations).toEqual([{ field, description: 'unknown parameter' }]);
    },
  );
});

describe('without a valid token', () => {
  const required = ['Authorization: a bearer token is required', 'Bearer realm="ghippo.io"'];
  const invalid = ['Authorization: the token is not valid', 'Bearer realm="ghippo.io", error="invalid_token"'];

  it.each([
    ['no header', () => undefined, required],
    ['an empty header', () => '', required],
    ['another scheme', () => `Basic ${btoa(`${ak}:${sk}`)}`, required],
    ['the token alone', () => token, required],
    ['the scheme alone', () => 'Bearer', required],
    ['the scheme and a space', () => 'Bearer ', required],
    ['two tokens', () => `Bearer ${token} ${token}`, required],
    ['a token with invalid characters', () => `Bearer ${token}"`, required],
    ['a value that is not a JWT', () => 'Bearer abc', invalid],
    ['the sk', () => `Bearer ${sk}`, invalid],
    ['a truncated token', () => `Bearer ${token.slice(0, -10)}`, invalid],
    ['a changed token', () => `Bearer ${token.replace('.', '.e')}`, invalid],
  ])('answers 401 to %s', async (_, header, [message, challenge]) => {
    const { get } = await createPlatform();
    const authorization = header();
    const answer = await get(deploymentsPath, authorization === undefined ? {} : { authorization });
    expect(answer.status).toBe(401);
    expect(answer.json()).toEqual({ code: 16, message, details: [] });
    expect(answer.headers.get('WWW-Authenticate')).toBe(challenge);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
  });

  it('rejects two Authorization headers, even equal ones', async () => {
    const { get } = await createPlatform();
    const answer = await get(deploymentsPath, { authorization: `Bearer ${token}, Bearer ${token}` });
    expect(answer.status).toBe(400);
    expect(answer.json().message).toBe('Authorization: must be given only once');
  });

  it.each(['bearer', 'BEARER', 'Bearer  '])('accepts the scheme %j', async (scheme) => {
    const { get } = await createPlatform();
    expect((await get(deploymentsPath, { authorization: `${scheme} ${token}` })).status).toBe(200);
  });

  it('rejects a token in the query', async () => {
    const { get } = await createPlatform();
    expect((await get(`${deploymentsPath}?access_token=${token}`)).status).toBe(401);
  });

  it('gets 401 before an error about its parameters', async () => {
    const { get, list } = await createPlatform();
    for (const query of ['?pageSize=x', '?unknown=1', '?labelSelector=(']) {
      expect((await get(deploymentsPath + query)).status).toBe(401);
      expect((await list(query, 'x')).status).toBe(401);
      expect((await list(query, token)).status).toBe(400);
    }
    expect((await get('/apis/kpanda.io/v1alpha1/clusters/here/namespaces/A/deployments')).status).toBe(401);
  });

  it.each([
    ['has expired', { now: () => now + 3 * 86_400_000 }, 'ERR_JWT_EXPIRED'],
    [
      'belongs to a disabled key pair',
      { of: accessKey({ keyPairs: [{ name: 'main', enabled: false }] }) },
      'the key pair of the token is not live',
    ],
  ])('answers 401 when it %s, and logs the reason', async (_, change, refused) => {
    const { list, logged } = await createPlatform(change);
    const answer = await list('', token);
    expect([answer.status, answer.json().message]).toEqual([401, invalid[0]]);
    expect(logged()).toMatchObject([{ refused, status: 401 }]);
  });

  it('reveals nothing about clusters or permissions', async () => {
    const { get } = await createPlatform({ cluster: { authorizer: allowing() } });
    expect((await get(deploymentsPath.replace('here', 'elsewhere'))).status).toBe(401);
  });
});

describe('errors', () => {
  it('answers 403 to a user without any permission, and names the user', async () => {
    const { list } = await createPlatform({ cluster: { authorizer: allowing() } });
    const answer = await list('', token);
    expect(answer.status).toBe(403);
    expect(answer.json()).toEqual({
      code: 7,
      message: 'user ann may not list deployments in any namespace',
      details: [],
    });
    expect(answer.headers.get('WWW-Authenticate')).toBeNull();
  });

  it.each(['elsewhere', 'HERE', 'here%20', 'here.'])('answers 404 for the cluster %s', async (cluster) => {
    const { get } = await createPlatform();
    const path = deploymentsPath.replace('here', cluster);
    const answer = await get(path, { authorization: `Bearer ${token}` });
    expect(answer.status).toBe(404);
    expect(answer.json()).toEqual({ code: 5, message: 'cluster: not found', details: [] });
  });

  it('answers 503 while the signing keys are missing', async () => {
    const { list } = await createPlatform({ signingKeys: () => undefined });
    const answer = await list('', token);
    expect([answer.status, answer.json().code]).toEqual([503, 14]);
  });

  const secretText = `the cause ${keyPair(5).sk} at 10.0.0.1:6443`;
  it.each([
    ['no response', new ConnectionError(secretText, { cause: new Error(secretText) })],
    ['an internal error', new KubernetesError(secretText, { status: 500, reason: 'InternalError' })],
    ['a missing permission', new KubernetesError(secretText, { status: 403, reason: 'Forbidden' })],
  ])('answers 503 for %s from the cluster, without the cause', async (_, error) => {
    const { list, logged } = await createPlatform({ cluster: { authorizer: failing(error) } });
    const answer = await list('', token);
    expect(answer.status).toBe(503);
    expect(answer.json()).toEqual({
      code: 14,
      message: 'cluster here is unavailable, try again later',
      details: [],
    });
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    expect(logged()).toMatchObject([{ status: 503, error: expect.stringContaining('the cause') }]);
  });

  it.each([
    ['an error', new Error(secretText)],
    ['a type error', new TypeError(secretText)],
    ['an error with a status of its own', Object.assign(new Error(secretText), { status: 200 })],
  ])('answers 500 for %s, without the cause, which the log does not have either', async (_, error) => {
    const { list, logged, log } = await createPlatform({ cluster: { authorizer: failing(error) } });
    const answer = await list('', token);
    expect(answer.status).toBe(500);
    expect(answer.json()).toEqual({ code: 13, message: 'internal error', details: [] });
    expect([...answer.headers].join()).not.toContain('the cause');
    expect(logged()).toMatchObject([{ status: 500, error: error.constructor.name }]);
    expect(log()).not.toContain('the cause');
  });

  it('rejects a foreign token with a known kid', async () => {
    const keys = await signingKeys();
    const pair = await crypto.subtle.generateKey(
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
      false,
      ['sign', 'verify'],
    );
    const claims = {
      iss: 'ghippo.io',
      sub: accessKey().uid,
      preferred_username: 'ann',
      groups: [],
      client_id: ak,
      iat: now / 1000,
      exp: now / 1000 + 60,
    };
    const forged = await signToken(claims, { ...keys, active: { ...keys.active, key: pair.privateKey } });
    const { list } = await createPlatform();
    expect((await list('', forged)).status).toBe(401);
    expect((await list('', await signToken(claims, keys))).status).toBe(200);
  });
});
