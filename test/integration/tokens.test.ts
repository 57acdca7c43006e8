/** The token endpoints on a real control plane, with the operator's own permissions. */
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  accessKeyManifest,
  createNamespace,
  createPair,
  getToken,
  listDeployments,
  type Pair,
  tokenPath,
} from '../support/platform.ts';

const issuer = 'https://iam.example.com';
const audience = 'platform';
const robot = 'system:serviceaccount:people:robot';
const urn = 'urn:ietf:params:oauth';
const namesRobot = { user: { name: 'alice', groups: ['team'] }, serviceAccounts: ['robot'] };

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;
let alice: Pair;
let bob: Pair;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  operator = await cluster.startOperator({ token: { issuer, audience }, access: { cacheSeconds: 1 } });
  await createNamespace(kubectl, 'people');
  await createNamespace(kubectl, 'other');
  for (const namespace of ['people', 'other']) await kubectl.run(['create', 'sa', 'robot', '-n', namespace]);
  await kubectl.run(['create', 'sa', 'nobody', '-n', 'people']);
  await kubectl.run(['create', 'clusterrolebinding', 'alice', '--clusterrole=view', '--user=alice']);
  alice = await createPair(kubectl, accessKeyManifest('people', 'alice', namesRobot));
  bob = await createPair(kubectl, accessKeyManifest('people', 'bob'));
  await getToken(operator.url, alice);
  await getToken(operator.url, bob);
});
afterAll(() => cluster?.stop());

const basic = ({ ak, sk }: Pair) => `Basic ${Buffer.from(`${ak}:${sk}`).toString('base64')}`;

function post(
  path: string,
  values: Record<string, string>,
  headers: Record<string, string> = {},
  { url } = operator,
): Promise<Response> {
  return fetch(url + path, { method: 'POST', body: new URLSearchParams(values), headers });
}

/** A token of a ServiceAccount from the TokenRequest API, as in a projected volume. */
async function serviceAccountToken(name: string, wanted = issuer, namespace = 'people'): Promise<string> {
  return (await kubectl.run(['create', 'token', name, '-n', namespace, `--audience=${wanted}`])).trim();
}

/** The same token with an invalid signature. */
const forged = (token: string) => `${token.slice(0, -20)}${'A'.repeat(20)}`;

function exchange(token: string, at = operator): Promise<Response> {
  const request = {
    grant_type: `${urn}:grant-type:token-exchange`,
    subject_token: token,
    subject_token_type: `${urn}:token-type:jwt`,
  };
  return post('/oauth2/token', request, {}, at);
}

const textAt = async (answer: Response, name: string) =>
  String(((await answer.json()) as Record<string, unknown>)[name]);

describe('a pair gets a token that verifies with the published keys', () => {
  const json = { 'content-type': 'application/json' };
  const ways: [string, () => Promise<Response>, string][] = [
    ['GET', () => fetch(`${operator.url}${tokenPath}?ak=${alice.ak}&sk=${alice.sk}`), 'token'],
    ['POST form', () => post(tokenPath, { ...alice }), 'token'],
    [
      'POST JSON',
      () => fetch(operator.url + tokenPath, { method: 'POST', headers: json, body: JSON.stringify(alice) }),
      'token',
    ],
    [
      'GET Basic, the former path',
      () => fetch(`${operator.url}/api/v1/cube/key/token?cycle=1`, { headers: { authorization: basic(alice) } }),
      'token',
    ],
    [
      'client_secret_basic',
      () => post('/oauth2/token', { grant_type: 'client_credentials' }, { authorization: basic(alice) }),
      'access_token',
    ],
    [
      'client_secret_post',
      () => post('/oauth2/token', { grant_type: 'client_credentials', client_id: alice.ak, client_secret: alice.sk }),
      'access_token',
    ],
  ];
  test.each(ways)('%s', async (_, ask, member) => {
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const keys = createRemoteJWKSet(new URL(`${operator.url}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(await textAt(answer, member), keys, { issuer, audience });
    expect(payload).toMatchObject({ preferred_username: 'alice', groups: ['team'], client_id: alice.ak });
  });
});

describe('token exchange', () => {
  test('issues a token that is valid while the AccessKey lists the ServiceAccount', async () => {
    const answer = await exchange(await serviceAccountToken('robot'));
    expect(answer.status).toBe(200);
    const token = await textAt(answer, 'access_token');
    expect(decodeJwt(token)).toMatchObject({ preferred_username: 'alice', groups: ['team'], client_id: robot });
    expect((await listDeployments(operator.url, token)).status).toBe(200);

    await kubectl.apply(accessKeyManifest('people', 'alice', { ...namesRobot, serviceAccounts: [] }));
    await poll('the token to stop', async () => (await listDeployments(operator.url, token)).status === 401);
    expect((await exchange(await serviceAccountToken('robot'))).status).toBe(400);
    await kubectl.apply(accessKeyManifest('people', 'alice', namesRobot));
    await poll('the token to work', async () => (await listDeployments(operator.url, token)).status === 200);
  });

  test.each([
    ['for the API server', () => serviceAccountToken('robot', 'https://kubernetes.default.svc')],
    ['of a ServiceAccount that no AccessKey names', () => serviceAccountToken('nobody')],
    ['of the same name in another namespace', () => serviceAccountToken('robot', issuer, 'other')],
    ['whose signature is not right', async () => forged(await serviceAccountToken('robot'))],
    ['of ours', () => getToken(operator.url, alice)],
  ])('rejects a token %s', async (_, make) => {
    const answer = await exchange(await make());
    expect(answer.status).toBe(400);
    expect(await textAt(answer, 'error')).toBe('invalid_request');
  });

  test('rejects a token of a deleted ServiceAccount', async () => {
    const spec = { user: { name: 'carl' }, serviceAccounts: ['leaver'] };
    await kubectl.run(['create', 'sa', 'leaver', '-n', 'people']);
    await createPair(kubectl, accessKeyManifest('people', 'carl', spec));
    const token = await serviceAccountToken('leaver');
    await poll('the exchange', async () => (await exchange(token)).status === 200);
    await kubectl.run(['delete', 'sa', 'leaver', '-n', 'people']);
    await poll('the API server to reject the token', async () => (await exchange(token)).status === 400);
    await operator.logged('the cluster does not accept the token');
  });
});

describe('spec.serviceAccounts', () => {
  const write = (serviceAccounts: unknown[], ...args: string[]) => {
    const manifest = accessKeyManifest('people', 'dora', { user: { name: 'dora' } });
    return kubectl.apply({ ...manifest, spec: { ...manifest.spec, serviceAccounts } }, '--dry-run=server', ...args);
  };

  test.each([
    [
      'a name twice',
      ['a', 'a'],
      /spec\.serviceAccounts: Invalid value.*serviceAccounts must not contain duplicates: a/,
    ],
    ['seventeen names', Array.from({ length: 17 }, (_, index) => `a${index}`), /at most 16 items/],
    ['a name that is none', ['A_b'], /should match/],
    ['a name with a namespace', ['people/robot'], /should match/],
  ])('rejects %s', async (_, names, message) => {
    await expect(write(names)).rejects.toThrow(message);
  });

  test('requires permission to impersonate, as the rest of the spec does', async () => {
    await kubectl.run(['create', 'rolebinding', 'eve', '--clusterrole=edit', '--user=eve', '-n', 'people']);
    await poll('the rights of eve', () =>
      kubectl.run(['auth', 'can-i', 'create', 'accesskeys.ghippo.io', '-n', 'people', '--as=eve']).then(
        () => true,
        () => false,
      ),
    );
    await expect(write(['robot'], '--as=eve')).rejects.toThrow('cannot impersonate that user');
    await expect(write(['robot'])).resolves.toContain('dora');
  });
});

describe('introspection', () => {
  const inactive = { active: false };
  const introspect = async (token: string, by: Pair) =>
    (await post('/oauth2/introspect', { token }, { authorization: basic(by) })).json();

  test('is allowed for own tokens, and for all tokens with permission to review tokens', async () => {
    const token = await getToken(operator.url, alice);
    const { iat, exp, sub } = decodeJwt(token);
    const active = {
      active: true,
      iss: issuer,
      aud: audience,
      sub,
      username: 'alice',
      groups: ['team'],
      client_id: alice.ak,
      iat,
      exp,
      token_type: 'Bearer',
    };
    expect(await introspect(token, alice)).toEqual(active);
    expect(await introspect(token, bob)).toEqual(inactive);
    await kubectl.run(['create', 'clusterrolebinding', 'bob', '--clusterrole=system:auth-delegator', '--user=bob']);
    await poll('the right of bob', async () => ((await introspect(token, bob)) as { active: boolean }).active);
    expect(await introspect(token, bob)).toEqual(active);
    expect(await introspect(`${token}x`, bob)).toEqual(inactive);
  });

  test('requires authentication', async () => {
    const answer = await post('/oauth2/introspect', { token: 'x' });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('Basic realm=');
  });
});

test('forward-auth returns the user to a gateway', async () => {
  const authorization = `Bearer ${await getToken(operator.url, alice)}`;
  const answer = await fetch(`${operator.url}/oauth2/auth/cart`, { method: 'POST', headers: { authorization } });
  const { status, headers } = answer;
  expect([status, headers.get('x-auth-request-user'), headers.get('x-auth-request-groups')]).toEqual([
    ...[200, 'alice', 'team'],
  ]);
  expect((await fetch(`${operator.url}/oauth2/auth`)).status).toBe(401);
});

test('the metadata names the issuer', async () => {
  for (const path of ['openid-configuration', 'oauth-authorization-server']) {
    const answer = await fetch(`${operator.url}/.well-known/${path}`);
    expect(await answer.json()).toMatchObject({ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` });
  }
});

test('a thousand wrong guesses are throttled while the owner still gets tokens from the same address', async () => {
  const throttling = await cluster.startOperator({ token: { issuer, failureThrottle: { burst: 10 } } });
  await getToken(throttling.url, alice);
  const ask = async (sk: string) => {
    const answer = await fetch(throttling.url + tokenPath, {
      method: 'POST',
      body: new URLSearchParams({ ak: alice.ak, sk }),
    });
    return { status: answer.status, wait: answer.headers.get('retry-after') };
  };
  const wrong: Awaited<ReturnType<typeof ask>>[] = [];
  const right: typeof wrong = [];
  // Few connections at a time, because a slow machine resets those that exceed the backlog of the listener.
  for (let sent = 0; sent < 1_000; sent += 100) {
    const guesses = Array.from({ length: 100 }, (_, index) => [ask(`guess-${sent + index}`), ask(alice.sk)] as const);
    wrong.push(...(await Promise.all(guesses.map(([guess]) => guess))));
    right.push(...(await Promise.all(guesses.map(([, owner]) => owner))));
  }
  expect(new Set(right.map(({ status }) => status))).toEqual(new Set([200]));
  const throttled = wrong.filter(({ status }) => status === 429);
  expect(new Set(wrong.map(({ status }) => status))).toEqual(new Set([401, 429]));
  // One more attempt is allowed every three seconds, which leaves room for a slow machine.
  expect(throttled.length).toBeGreaterThan(500);
  for (const { wait } of throttled) expect(Number(wait)).toBeGreaterThan(0);
});

test('wrong tokens of one ServiceAccount do not block another one at the same address', async () => {
  const spec = { user: { name: 'erin' }, serviceAccounts: ['cat'], keyPairs: [] };
  await kubectl.run(['create', 'sa', 'cat', '-n', 'people']);
  await kubectl.apply(accessKeyManifest('people', 'erin', spec));
  const token = await serviceAccountToken('cat');
  await poll('the exchange', async () => (await exchange(token)).status === 200);
  // Started now to have the AccessKey in its cache: polling for that would use up the allowed attempts.
  const throttling = await cluster.startOperator({
    token: { issuer, failureThrottle: { burst: 3, refillSeconds: 3600 } },
  });
  const wrong = forged(await serviceAccountToken('robot'));
  const statuses: number[] = [];
  for (let index = 0; index < 6; index += 1) statuses.push((await exchange(wrong, throttling)).status);
  expect(statuses).toEqual([400, 400, 400, 429, 429, 429]);
  expect((await exchange(token, throttling)).status).toBe(200);
});

test('the log has an audit record of each token and no secrets', async () => {
  const token = await getToken(operator.url, alice);
  const subject = await serviceAccountToken('robot');
  await exchange(subject);
  await exchange(forged(subject));
  await operator.logged('"event":"token.refused"');
  const lines = operator.output.map((line) => JSON.parse(line) as Record<string, unknown>);
  const issued = lines.filter((line) => line.event === 'token.issued');
  expect(issued).toContainEqual(expect.objectContaining({ audit: true, ak: alice.ak, user: 'alice' }));
  expect(issued).toContainEqual(expect.objectContaining({ audit: true, serviceAccount: robot, user: 'alice' }));
  expect(lines).toContainEqual(expect.objectContaining({ event: 'token.refused', refused: expect.any(String) }));
  const output = cluster.operatorOutput().join('\n');
  const parts = [token, subject].flatMap((one) => one.split('.').slice(1));
  for (const secret of [alice.sk, bob.sk, basic(alice).slice(6), ...parts]) expect(output).not.toContain(secret);
});
