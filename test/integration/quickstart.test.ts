import { createPublicKey, type JsonWebKey } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  accessKeyManifest,
  createNamespace,
  createPair,
  getToken,
  type Listing,
  listDeployments,
  type Pair,
  readPair,
  tokenUrl,
  waitReady,
} from '../support/platform.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let cluster: TestCluster;
let operator: OperatorProcess;

beforeAll(async () => {
  cluster = await startTestCluster({ workloads: true });
  operator = await cluster.startOperator({ access: { cacheSeconds: 1 } });
});
afterAll(() => cluster?.stop());

/** Verifies a token with the published keys and a library that the operator does not use. */
async function verifyIndependently(token: string) {
  const { keys } = (await (await fetch(`${operator.url}/.well-known/jwks.json`)).json()) as { keys: JsonWebKey[] };
  const { header } = jsonwebtoken.decode(token, { complete: true }) ?? {};
  const jwk = keys.find((key) => key.kid === header?.kid);
  if (!jwk) throw new Error('the kid of the token is not published');
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const payload = jsonwebtoken.verify(token, key, { algorithms: ['RS256'], issuer: 'ghippo.io' });
  return { header, payload: payload as jsonwebtoken.JwtPayload, published: keys };
}

describe('from AccessKey to Secret to token', () => {
  let pair: Pair;
  let uid: string;

  beforeAll(async () => {
    const namespace = await createNamespace(cluster.kubectl, 'people');
    const user = { name: 'alice', groups: ['developers', 'on-call'] };
    const keyPairs = [{ name: 'ci' }, { name: 'laptop', secret: { name: 'alice-at-home' } }];
    await cluster.kubectl.apply(accessKeyManifest(namespace, 'alice', { user, keyPairs }));
    uid = (await waitReady(cluster.kubectl, namespace, 'alice')).metadata.uid;
    pair = await readPair(cluster.kubectl, namespace, 'alice-ci');
  });

  test('creates one Secret for each pair, owned by the AccessKey', async () => {
    for (const [name, keyPair] of [
      ['alice-ci', 'ci'],
      ['alice-at-home', 'laptop'],
    ]) {
      const secret = await cluster.kubectl.get<{ type: string; data: object; metadata: Record<string, unknown> }>(
        'secret',
        name ?? '',
        '-n',
        'people',
      );
      expect(secret.type).toBe('ghippo.io/access-key');
      expect(Object.keys(secret.data).sort()).toEqual(['ak', 'sk']);
      expect(secret.metadata.labels).toEqual({
        'app.kubernetes.io/managed-by': 'accesskey-operator',
        'ghippo.io/access-key': 'alice',
        'ghippo.io/key-pair': keyPair,
      });
      expect(secret.metadata.ownerReferences).toEqual([
        { apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', name: 'alice', uid, controller: true },
      ]);
    }
    expect(pair.ak).toMatch(uuid);
    expect(pair.sk).toMatch(uuid);
    expect(pair.ak).not.toBe(pair.sk);
  });

  test('lists the pairs in the status, without the sk', async () => {
    const { status, metadata } = await waitReady(cluster.kubectl, 'people', 'alice');
    expect(status.observedGeneration).toBe(metadata.generation);
    expect(status.userID).toBe(uid);
    expect(status.keyPairs).toEqual([
      {
        name: 'ci',
        accessKey: pair.ak,
        secretName: 'alice-ci',
        state: 'Active',
        revision: 1,
        createdAt: expect.any(String),
      },
      expect.objectContaining({ name: 'laptop', secretName: 'alice-at-home', state: 'Active' }),
    ]);
    expect(status.conditions).toEqual([
      expect.objectContaining({ type: 'Ready', status: 'True', reason: 'KeyPairsReady', observedGeneration: 1 }),
    ]);
    expect(JSON.stringify(status)).not.toContain(pair.sk);
  });

  test('kubectl finds the AccessKey by short name, category and user', async () => {
    expect(await cluster.kubectl.run(['get', 'ak', '-n', 'people', '--no-headers'])).toMatch(
      /^alice\s+alice\s+True\s+2\/2\s+KeyPairsReady\s/,
    );
    expect(await cluster.kubectl.run(['get', 'ak', '-n', 'people', '-o', 'wide'])).toMatch(
      new RegExp(`\\sci,laptop\\s+${pair.ak},\\S+\\s`),
    );
    expect(await cluster.kubectl.run(['get', 'ghippo', '-n', 'people', '-o', 'name'])).toContain('/alice');
    const byUser = (name: string) =>
      cluster.kubectl.run(['get', 'ak', '-A', '-o', 'name', `--field-selector=spec.user.name=${name}`]);
    expect(await byUser('alice')).toContain('/alice');
    expect(await byUser('bob')).toBe('');
    expect(await cluster.kubectl.run(['explain', 'accesskey.spec.keyPairs.expiresAt'])).toContain(
      'Time at which the pair expires',
    );
  });

  test.each(['/apis/ghippo.io/v1alpha1/token', '/api/v1/cube/key/token'])(
    '%s issues a token with exactly the documented header and claims',
    async (path) => {
      const answer = await fetch(`${operator.url}${path}?ak=${pair.ak}&sk=${pair.sk}&cycle=2`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      const body = (await answer.json()) as { token: string };
      expect(Object.keys(body)).toEqual(['token']);
      const { header, payload } = await verifyIndependently(body.token);
      expect(header).toEqual({ alg: 'RS256', kid: expect.stringMatching(/^[\w-]{43}$/), typ: 'JWT' });
      const iat = payload.iat ?? 0;
      expect(payload).toEqual({
        iss: 'ghippo.io',
        sub: uid,
        preferred_username: 'alice',
        groups: ['developers', 'on-call'],
        client_id: pair.ak,
        iat,
        exp: iat + 2 * 86_400,
      });
    },
  );

  test('a token without cycle is valid for three days', async () => {
    const { payload } = await verifyIndependently(await getToken(operator.url, pair));
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3 * 86_400);
  });

  test('a token expires with its pair at the latest', async () => {
    const expiresAt = `${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)}Z`;
    const manifest = accessKeyManifest('people', 'short', { keyPairs: [{ name: 'main', expiresAt }] });
    const token = await getToken(operator.url, await createPair(cluster.kubectl, manifest));
    const { payload } = await verifyIndependently(token);
    expect(payload.exp).toBe(Date.parse(expiresAt) / 1000);
  });

  test('the published keys have no private part', async () => {
    const { published } = await verifyIndependently(await getToken(operator.url, pair));
    for (const key of published) expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  test('both pairs work, but not the ak of one with the sk of the other', async () => {
    const other = await readPair(cluster.kubectl, 'people', 'alice-at-home');
    expect((await fetch(tokenUrl(operator.url, other))).status).toBe(200);
    expect((await fetch(tokenUrl(operator.url, { ak: pair.ak, sk: other.sk }))).status).toBe(401);
  });
});

describe('the listing shows what RBAC allows the user', () => {
  const tokens = new Map<string, string>();

  beforeAll(async () => {
    const { kubectl } = cluster;
    for (const namespace of ['shop', 'billing']) await createNamespace(kubectl, namespace);
    for (const [name, namespace] of [
      ['web', 'shop'],
      ['cart', 'shop'],
      ['invoices', 'billing'],
    ]) {
      await kubectl.run(['create', 'deployment', name ?? '', '-n', namespace ?? '', '--image=nginx:1.29']);
    }
    const view = ['create', 'rolebinding', 'view', '--clusterrole=view', '-n', 'shop'];
    await kubectl.run([...view, '--user=one', '--group=shop-viewers']);
    await kubectl.run(['create', 'clusterrolebinding', 'all', '--clusterrole=view', '--user=all']);
    const users = [{ name: 'one' }, { name: 'none' }, { name: 'all' }, { name: 'grouped', groups: ['shop-viewers'] }];
    for (const user of users) {
      const pair = await createPair(kubectl, accessKeyManifest('people', user.name, { user }));
      tokens.set(user.name, await getToken(operator.url, pair));
    }
    await kubectl.run(['wait', '--for=condition=Available', 'deployment', '--all', '-A', '--timeout=60s']);
  });

  /** Repeats the request until the operator's cache has caught up. @returns the response */
  async function listed(user: string, query = ''): Promise<Listing> {
    return poll('all deployments Running', async () => {
      const answer = await listDeployments(operator.url, tokens.get(user) ?? '', query);
      const listing = (await answer.json()) as Listing;
      return listing.items.every(({ status }) => status.state === 'Running') && listing;
    });
  }
  const names = ({ items }: Listing) => items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

  test.each(['one', 'grouped'])('in one namespace: %s', async (user) => {
    const listing = await listed(user);
    expect(names(listing)).toEqual(['shop/cart', 'shop/web']);
    expect(listing.pagination).toEqual({ total: 2, page: 1, pageSize: 10, pages: 1 });
  });

  test('in all namespaces, in pages without overlaps or gaps', async () => {
    const everything = ['billing/invoices', 'shop/cart', 'shop/web'];
    expect(names(await listed('all'))).toEqual(everything);
    const pages = [await listed('all', '?pageSize=2'), await listed('all', '?pageSize=2&page=2')];
    expect(pages.flatMap(names)).toEqual(everything);
    expect(pages[1]?.pagination).toEqual({ total: 3, page: 2, pageSize: 2, pages: 2 });
    expect(await listed('all', '?page=9')).toEqual({
      items: [],
      pagination: { total: 3, page: 9, pageSize: 10, pages: 1 },
    });
  });

  test('in no namespace: 403 in the platform form', async () => {
    const answer = await listDeployments(operator.url, tokens.get('none') ?? '');
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({ code: 7, message: expect.stringContaining('none'), details: [] });
  });

  test('granted and revoked permissions take effect after the cache time', async () => {
    const status = async () => (await listDeployments(operator.url, tokens.get('none') ?? '')).status;
    await cluster.kubectl.run(['create', 'rolebinding', 'late', '--clusterrole=view', '-n', 'shop', '--user=none']);
    await poll('the right', async () => (await status()) === 200);
    await cluster.kubectl.run(['delete', 'rolebinding', 'late', '-n', 'shop']);
    await poll('the loss of the right', async () => (await status()) === 403);
  });

  test('an unknown cluster is 404', async () => {
    const url = `${operator.url}/apis/kpanda.io/v1alpha1/clusters/elsewhere/deployments`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${tokens.get('all')}` } });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 5 });
  });

  test('created, scaled and deleted deployments are reflected', async () => {
    const state = async (name: string) =>
      (await listed('all').catch(() => undefined))?.items.find((item) => item.metadata.name === name)?.status.state;
    await cluster.kubectl.run(['create', 'deployment', 'late', '-n', 'shop', '--image=nginx:1.29']);
    await poll('the new deployment Running', async () => (await state('late')) === 'Running');
    await cluster.kubectl.run(['scale', 'deployment/late', '-n', 'shop', '--replicas=0']);
    await poll('the scaled deployment Stopped', async () => {
      const answer = await listDeployments(operator.url, tokens.get('all') ?? '');
      const { items } = (await answer.json()) as Listing;
      return items.some(({ metadata, status }) => metadata.name === 'late' && status.state === 'Stopped');
    });
    await cluster.kubectl.run(['delete', 'deployment', 'late', '-n', 'shop']);
    await poll('the deletion', async () => !names(await listed('all')).includes('shop/late'));
  });

  test('a malformed or modified token is 401 with a challenge', async () => {
    const token = tokens.get('all') ?? '';
    const changed = `${token.slice(0, -4)}AAAA`;
    for (const authorization of ['', token, `Basic ${token}`, 'Bearer', `Bearer ${changed}`, 'Bearer a.b.c']) {
      const answer = await fetch(`${operator.url}/apis/kpanda.io/v1alpha1/clusters/kpanda-global-cluster/deployments`, {
        headers: authorization === '' ? {} : { authorization },
      });
      expect(answer.status, authorization).toBe(401);
      expect(answer.headers.get('www-authenticate'), authorization).toMatch(/^Bearer realm="ghippo\.io"/);
      expect(await answer.json()).toMatchObject({ code: 16 });
    }
  });
});

test('the operator never logs an sk', async () => {
  const { items } = await cluster.kubectl.get<{ items: { type: string; data: Record<string, string> }[] }>(
    'secrets',
    '-A',
  );
  const pairs = items.filter(({ type }) => type === 'ghippo.io/access-key');
  expect(pairs.length).toBeGreaterThan(5);
  const output = cluster.operatorOutput().join('\n');
  expect(output).toContain('"msg":"request"');
  for (const { data } of pairs) {
    expect(output).not.toContain(Buffer.from(data.sk ?? '', 'base64').toString('utf8'));
    expect(output).not.toContain(data.sk);
  }
});
