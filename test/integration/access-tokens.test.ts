/** Access tokens of a real operator: lifetime, permissions, revocation, and interrupted creation. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { expectContract } from '../support/contract.ts';
import {
  type AccessKeyObject,
  accessKeyManifest,
  createNamespace,
  createPair,
  type ErrorAnswer,
  getToken,
  operatorMayNot,
  readPair,
  waitReady,
} from '../support/platform.ts';

const base = '/apis/ghippo.io/v1alpha1';
const mine = '/current-user/accesstoken';

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;
/** Tokens of key pairs, by user. */
const tokens: Record<string, string> = {};
const ids: Record<string, string> = {};

/** Creates an AccessKey with the key pair main, and a token of it. */
async function createUser(name: string, groups: string[] = []): Promise<void> {
  // Not with kubectl apply, which would manage the list of key pairs.
  await kubectl.run(
    ['create', '-f', '-'],
    JSON.stringify(accessKeyManifest('people', name, { user: { name, groups } })),
  );
  const { status } = await waitReady(kubectl, 'people', name);
  ids[name] = status.userID ?? '';
  tokens[name] = await getToken(operator.url, await readPair(kubectl, 'people', `${name}-main`));
}

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  operator = await cluster.startOperator({ access: { cacheSeconds: 1 } });
  await createNamespace(kubectl, 'people');
  for (const name of ['alice', 'bob']) await createUser(name, [`group-of-${name}`]);
});
afterAll(() => cluster?.stop());

async function send<T>(token: string | undefined, method: string, path: string, body?: object) {
  const answer = await fetch(operator.url + base + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as T };
}

type Created = { id: string; token: string };
const create = (name: string, user = 'alice', path = mine) => send<Created>(tokens[user], 'POST', path, { name });
const remove = (name: string, user = 'alice') => send(tokens[user], 'DELETE', `${mine}s/${name}`);
const list = (user = 'alice') =>
  send<{ items: { name: string; createdAt: string }[] }>(tokens[user], 'GET', `${mine}s`);
const statusOf = async (token: string) => (await send(token, 'GET', '/current-user')).status;
const specOf = async (name: string) =>
  (await kubectl.get<AccessKeyObject & { spec: object }>('accesskey', name, '-n', 'people')).spec as {
    keyPairs: { name: string; expiresAt?: string; accessToken?: boolean }[];
  };

async function lastChangeOf(name: string): Promise<unknown> {
  const path = 'jsonpath={.metadata.annotations.ghippo\\.io/last-changed-by}';
  return JSON.parse(await kubectl.run(['get', 'accesskey', name, '-n', 'people', '-o', path]));
}

describe('an access token', () => {
  test('is a key pair whose token lives as long, and is revoked with it', async () => {
    const { status, body } = await create('ci');
    expect([status, body]).toMatchObject([200, {}]);
    expectContract('currentuserCreateAccessTokenResponse', body);
    const claims = JSON.parse(Buffer.from(body.token.split('.')[1] ?? '', 'base64url').toString());
    const { keyPairs } = await specOf('alice');
    expect(keyPairs[1]).toMatchObject({ name: 'ci', accessToken: true });
    expect(Date.parse(keyPairs[1]?.expiresAt ?? '')).toBe(claims.exp * 1000);
    expect(await lastChangeOf('alice')).toMatchObject({
      actor: 'alice',
      signedInWith: 'key pair',
      changes: ['created ci'],
    });
    expect(claims).toMatchObject({ sub: ids.alice, preferred_username: 'alice', groups: ['group-of-alice'] });

    const listed = await list();
    expectContract('currentuserListAccessTokensResponse', listed.body);
    expect(listed.body.items).toMatchObject([{ name: 'ci' }]);
    expect(Number(listed.body.items[0]?.createdAt)).toBeGreaterThan(0);
    expect(await statusOf(body.token)).toBe(200);

    expect(await remove('ci')).toEqual({ status: 200, body: {} });
    expect(await statusOf(body.token)).toBe(401);
    expect(await kubectl.run(['get', 'secrets', '-n', 'people', '-o', 'name'])).not.toContain('alice-ci');
  });

  test('is not valid again after another one with its name is created', async () => {
    const former = (await create('again')).body.token;
    await remove('again');
    const { status, body } = await create('again');
    expect([status, await statusOf(body.token), await statusOf(former)]).toEqual([200, 200, 401]);
    await remove('again');
  });

  test('is within the limit of two key pairs, whatever comes at the same time', async () => {
    const answers = await Promise.all(['a', 'b', 'a', 'c'].map((name) => create(name)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.map(({ status }) => status).every((status) => [200, 400, 409].includes(status))).toBe(true);
    const { keyPairs } = await specOf('alice');
    expect(keyPairs).toHaveLength(2);
    await remove(keyPairs[1]?.name ?? '');
  });

  test('is rejected for an AccessKey whose key pairs another tool manages', async () => {
    tokens.carol = await getToken(operator.url, await createPair(kubectl, accessKeyManifest('people', 'carol')));
    const answer = await send<ErrorAnswer>(tokens.carol, 'POST', mine, { name: 'ci' });
    expect([answer.status, answer.body.code]).toEqual([400, 9]);
    expect(answer.body.message).toContain('managed by kubectl-client-side-apply');
  });

  test('cannot create another one, and survives the restart of the operator', async () => {
    const { token } = (await create('kept')).body;
    expect((await send<ErrorAnswer>(token, 'POST', mine, { name: 'more' })).body.message).toContain('cannot create');
    await operator.stop('SIGKILL');
    operator = await cluster.startOperator({ access: { cacheSeconds: 1 } });
    expect(await statusOf(token)).toBe(200);
    await remove('kept');
    expect(await statusOf(token)).toBe(401);
  });
});

describe('an access token of another user', () => {
  const path = () => `/users/${ids.bob}/accesstoken`;
  const grant = (name: string, ...rule: string[]) =>
    kubectl
      .run(['create', 'clusterrole', name, ...rule])
      .then(() => kubectl.run(['create', 'clusterrolebinding', name, `--clusterrole=${name}`, '--user=alice']));

  test('needs the permissions that kubectl needs for the same change', async () => {
    expect((await create('ci', 'alice', path())).status).toBe(403);
    await grant('see-users', '--verb=get,patch', '--resource=accesskeys.ghippo.io');
    const denied = await poll('the error that names the permission to impersonate', async () => {
      const answer = await send<ErrorAnswer>(tokens.alice, 'POST', path(), { name: 'ci' });
      return answer.body.message.includes('impersonate') && answer;
    });
    expect(denied.status).toBe(403);
    await grant('be-bob', '--verb=impersonate', '--resource=users', '--resource-name=bob');
    await poll('the cached decision to expire', async () => (await create('ci', 'alice', path())).status === 403);
    expect((await specOf('bob')).keyPairs).toHaveLength(1);
    await grant('be-in-group', '--verb=impersonate', '--resource=groups', '--resource-name=group-of-bob');
    const { body } = await poll('the permission', async () => {
      const answer = await create('ci', 'alice', path());
      return answer.status === 200 && answer;
    });
    expectContract('userCreateUserAccessTokenResponse', body);
    expect((await send<{ username: string }>(body.token, 'GET', '/current-user')).body.username).toBe('bob');
    expect((await list('bob')).body.items).toMatchObject([{ name: 'ci' }]);
    const deleted = await send(tokens.alice, 'DELETE', `${path()}s/ci`);
    expectContract('userDeleteUserAccessTokenResponse', deleted.body);
    expect([deleted.status, await statusOf(body.token)]).toEqual([200, 401]);
  });
});

test('a creation that is interrupted leaves at most a key pair that can be listed and deleted', async () => {
  // Without this permission, the key pair is added to the spec, but never gets a Secret.
  const role = await kubectl.get<{ rules: { resources: string[]; verbs: string[] }[] }>(
    'clusterrole',
    'accesskey-operator',
  );
  const set = (rules: object[]) =>
    kubectl.run(['patch', 'clusterrole', 'accesskey-operator', '--type=merge', '-p', JSON.stringify({ rules })]);
  await set(role.rules.filter(({ resources, verbs }) => !(resources.includes('secrets') && verbs.includes('create'))));
  await operatorMayNot(kubectl, 'create', 'secrets', '-n', 'people');
  const interrupted = create('cut').catch(() => 'interrupted');
  await poll('the key pair in the spec', async () =>
    (await specOf('alice')).keyPairs.some(({ name }) => name === 'cut'),
  );
  await operator.stop('SIGKILL');
  expect(await interrupted).toBe('interrupted');
  await set(role.rules);
  operator = await cluster.startOperator({ access: { cacheSeconds: 1 } });
  expect((await list()).body.items).toMatchObject([{ name: 'cut' }]);
  expect((await create('cut')).status).toBe(409);
  expect((await remove('cut')).status).toBe(200);
  expect((await create('cut')).status).toBe(200);
});

test('users can list, but not change access tokens with web.keyPairSignIn: view', async () => {
  await operator.stop();
  operator = await cluster.startOperator({ web: { keyPairSignIn: 'view' } });
  expect((await list()).status).toBe(200);
  expect((await create('ci', 'bob')).status).toBe(403);
  expect((await remove('cut')).status).toBe(403);
});
