/**
 * Self-service and back-channel logout with single sign-on on a real API server, with the RBAC of manifests/components and
 * the admission policies. A test provider on a loopback address stands for the identity provider.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { type ConsoleClient, clientOf } from '../support/console-client.ts';
import { cookiesOf } from '../support/cookie-browser.ts';
import {
  type ProviderUser,
  startIdentityProvider,
  type TestIdentityProvider,
  testClient,
} from '../support/identity-provider.ts';
import { accessKeyManifest, createNamespace, getToken, waitReady } from '../support/platform.ts';

const namespace = 'accesskey-self-service';
const publicUrl = 'https://keys.example.org';
const operatorUser = 'system:serviceaccount:accesskey-system:accesskey-operator';
const rbac = ['self-service', 'back-channel-logout'].map((component) =>
  join(import.meta.dirname, `../../manifests/components/${component}/rbac.yaml`),
);
const alice = { sub: 'sub-of-alice', preferred_username: 'alice', groups: ['dev', 'ops', 'system:masters'] };

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;
let provider: TestIdentityProvider;
let settings: object;

beforeAll(async () => {
  provider = await startIdentityProvider();
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  for (const name of [namespace, 'other']) await createNamespace(kubectl, name);
  for (const file of rbac) await kubectl.run(['apply', '-f', file]);
  const writer = ['--verb=create,update,patch,get', '--resource=accesskeys.ghippo.io'];
  await kubectl.run(['create', 'role', 'writer', '-n', namespace, ...writer]);
  await kubectl.run(['create', 'rolebinding', 'writers', '-n', namespace, '--role=writer', '--group=writers']);
  const oidc = {
    ...{ issuer: provider.issuer, clientID: testClient.id, scopes: ['openid'], usernameClaim: 'preferred_username' },
    ...{ usernamePrefix: '-', groupsClaim: 'groups', accessMode: 'self-service', selfService: { namespace } },
    backChannelLogout: true,
  };
  settings = { web: { publicUrl, oidc } };
  operator = await cluster.startOperator(settings);
  // Sign-ons of the second in which the Secret for back-channel logout is created count as ended.
  const isReady = async () => expect((await signOn(alice)).status).toBe(303);
  await vi.waitFor(isReady, { timeout: 90_000, interval: 250 });
});
afterAll(async () => {
  await cluster?.stop();
  await provider?.stop();
});

/** @returns the response of the callback */
async function signOn(user: ProviderUser): Promise<Response> {
  const started = await fetch(`${operator.url}/login/sso`, { redirect: 'manual' });
  const callback = new URL(provider.authorize(started.headers.get('Location') ?? '', user));
  const cookie = cookiesOf(started);
  return fetch(`${operator.url}${callback.pathname}${callback.search}`, { redirect: 'manual', headers: { cookie } });
}

async function client(user: ProviderUser): Promise<ConsoleClient> {
  const response = await signOn(user);
  const page = await response.clone().text();
  expect([response.status, response.headers.get('Location')], page).toEqual([303, '/personal-center/access-keys']);
  const signedIn = clientOf(operator.url, cookiesOf(response));
  // Forms of the console come from its public URL.
  const post: ConsoleClient['post'] = (path, fields, headers) =>
    signedIn.post(path, fields, { Origin: publicUrl, ...headers });
  return { ...signedIn, post };
}

async function createKey(person: ConsoleClient, name: string, fields: Record<string, string> = {}): Promise<Response> {
  const generation = await person.hidden('/personal-center/access-keys/new', 'generation');
  return person.post('/personal-center/access-keys/new', {
    name,
    generation,
    validity: 'permanent',
    namespace,
    ...fields,
  });
}

interface StoredAccessKey {
  metadata: { name: string; namespace: string; annotations?: Record<string, string> };
  spec: { user: { name: string; groups?: string[] }; keyPairs?: { name: string }[] };
}

const lastChange = 'ghippo.io/last-changed-by';
const lastChangeOf = (found: StoredAccessKey | undefined): unknown =>
  JSON.parse(found?.metadata.annotations?.[lastChange] ?? '{}');

const accessKeysOf = async (user: string) => {
  const { items } = await kubectl.get<{ items: StoredAccessKey[] }>('accesskeys', '-A');
  return items.filter(({ spec }) => spec.user.name === user);
};

test('a person creates the AccessKey of their user, and uses its key pair', async () => {
  const person = await client(alice);
  const response = await createKey(person, 'main', { groups: 'dev' });
  const page = await response.text();
  expect({ status: response.status, page }).toMatchObject({ status: 200 });
  const shown = (id: string) => new RegExp(`id="shown-${id}"[^>]* value="([^"]+)"`).exec(page)?.[1] ?? '';
  await getToken(operator.url, { ak: shown('ak'), sk: shown('sk') });
  const [created, ...others] = await accessKeysOf('alice');
  expect(others).toEqual([]);
  expect(created?.metadata).toMatchObject({
    namespace,
    annotations: { 'ghippo.io/sso-issuer': provider.issuer, 'ghippo.io/sso-subject': 'sub-of-alice' },
  });
  expect(lastChangeOf(created)).toMatchObject({ actor: 'alice', signedInWith: 'single sign-on', changes: ['created'] });
  expect(created?.spec.user).toEqual({ name: 'alice', groups: ['dev'] });
});

test('a person adds a second key in another session', async () => {
  const person = await client(alice);
  expect((await createKey(person, 'second')).status).toBe(200);
  const [found] = await accessKeysOf('alice');
  expect(found?.spec.keyPairs?.map(({ name }) => name)).toEqual(['main', 'second']);
  expect(lastChangeOf(found)).toMatchObject({ actor: 'alice', changes: ['created second'] });
});

test('a person loses a group of the AccessKey at the next sign-in', async () => {
  await client({ ...alice, groups: ['ops'] });
  const [found] = await accessKeysOf('alice');
  expect(found?.spec.user.groups).toEqual([]);
  expect(lastChangeOf(found)).toMatchObject({ actor: 'alice', changes: ['removed groups'] });
});

test.each([
  ['another person with this user name', { ...alice, sub: 'sub-of-another-alice' }],
  ['a user of Kubernetes', { ...alice, preferred_username: 'system:admin' }],
  ['a user without a name', { sub: 'nobody' }],
])('%s is refused', async (_, user) => {
  const response = await signOn(user);
  expect(response.status).toBe(403);
  expect(await response.text()).toContain('/login/sso');
});

test('a user with an AccessKey in another namespace, or without annotations, is refused', async () => {
  await kubectl.run(['create', '-f', '-'], JSON.stringify(accessKeyManifest('other', 'carol')));
  await kubectl.run(['create', '-f', '-'], JSON.stringify(accessKeyManifest(namespace, 'dora')));
  for (const [name, where] of [
    ['carol', 'other'],
    ['dora', namespace],
  ] as const) {
    await waitReady(kubectl, where, name);
    await poll('the operator to know the AccessKey', async () => {
      const response = await signOn({ sub: `sub-of-${name}`, preferred_username: name });
      return response.status === 403 && (await response.text()).includes('does not belong to your account');
    });
  }
});

describe('the admission policies', () => {
  const annotations = { 'ghippo.io/sso-issuer': 'https://a.example.org', 'ghippo.io/sso-subject': 'a' };
  const manifest = (user: object, metadata: object = { annotations }, spec: object = {}) => ({
    ...accessKeyManifest(namespace, 'test'),
    metadata: { name: 'test', namespace, ...metadata },
    spec: { user, ...spec },
  });
  const as = (user: string, args: string[], input?: object) =>
    kubectl.run([...args, `--as=${user}`, '--as-group=writers'], input && JSON.stringify(input));
  const dryRun = ['create', '--dry-run=server', '-f', '-'];
  const aliceName = async () => (await accessKeysOf('alice'))[0]?.metadata.name ?? '';

  test('let the operator create an AccessKey with annotations', async () => {
    await as(operatorUser, dryRun, manifest({ name: 'erin', groups: ['dev'] }));
  });

  test.each<[string, object, RegExp]>([
    ['without annotations', manifest({ name: 'erin' }, {}), /denied request/],
    [
      'with one annotation',
      manifest({ name: 'erin' }, { annotations: { 'ghippo.io/sso-issuer': 'a' } }),
      /denied request/,
    ],
    [
      'with other annotations',
      manifest({ name: 'erin' }, { annotations: { ...annotations, a: 'b' } }),
      /only with a user/,
    ],
    ['with labels', manifest({ name: 'erin' }, { annotations, labels: { a: 'b' } }), /only with a user/],
    ['for a user of Kubernetes', manifest({ name: 'system:admin' }), /begins with system:/],
    ['for a group of Kubernetes', manifest({ name: 'erin', groups: ['system:masters'] }), /begins with system:/],
    [
      'for ServiceAccounts',
      manifest({ name: 'erin' }, { annotations }, { serviceAccounts: ['a'] }),
      /only with a user/,
    ],
    ['with audiences', manifest({ name: 'erin' }, { annotations }, { audiences: ['a'] }), /only with a user/],
    [
      'with a Secret of its choice',
      manifest({ name: 'erin' }, { annotations }, { keyPairs: [{ name: 'a', secret: { name: 'b' } }] }),
      /only with a user/,
    ],
  ])('do not let the operator create one %s', async (_, object, message) => {
    await expect(as(operatorUser, dryRun, object)).rejects.toThrow(message);
  });

  test('do not let the operator create one in another namespace', async () => {
    const object = manifest({ name: 'erin' }, { annotations, namespace: 'other' });
    const asOperator = ['--as', operatorUser, '--as-group=system:serviceaccounts'];
    await expect(kubectl.run([...dryRun, ...asOperator], JSON.stringify(object))).rejects.toThrow('forbidden');
  });

  test.each<[string, object, RegExp]>([
    ['add a group', { spec: { user: { groups: ['admins'] } } }, /may change only spec.keyPairs, and remove groups/],
    [
      'change another field of the user',
      { spec: { user: { firstName: 'Eve' } } },
      /may change only spec.keyPairs, and/,
    ],
    [
      'change the annotations',
      { metadata: { annotations: { 'ghippo.io/sso-subject': 'b' } } },
      /metadata: the operator/,
    ],
    [
      'write a long annotation',
      { metadata: { annotations: { 'ghippo.io/last-changed-by': 'a'.repeat(4_097) } } },
      /at most 4096 characters/,
    ],
    ['suspend it', { spec: { suspended: true } }, /spec.suspended/],
  ])('do not let the operator %s', async (_, patch, message) => {
    const args = [
      'patch',
      'accesskey',
      await aliceName(),
      '-n',
      namespace,
      '--type=merge',
      '-p',
      JSON.stringify(patch),
    ];
    await expect(as(operatorUser, args)).rejects.toThrow(message);
  });

  test('do not let the operator remove a group from any other AccessKey', async () => {
    const groups = accessKeyManifest(namespace, 'frank', { user: { name: 'frank', groups: ['dev'] } });
    await kubectl.run(['create', '-f', '-'], JSON.stringify(groups));
    const patch = [
      'patch',
      'accesskey',
      'frank',
      '-n',
      namespace,
      '--type=merge',
      '-p',
      '{"spec":{"user":{"groups":[]}}}',
    ];
    await expect(as(operatorUser, patch)).rejects.toThrow(/spec.user/);
  });

  test('reject the annotations from users without the permission to impersonate', async () => {
    const claim = [
      'annotate',
      '--overwrite',
      'accesskey',
      '-n',
      namespace,
      await aliceName(),
      'ghippo.io/sso-subject=sub-of-mallory',
    ];
    await expect(as('mallory', claim)).rejects.toThrow(/mallory may not set ghippo.io\/sso-issuer/);
    const remove = ['annotate', 'accesskey', '-n', namespace, await aliceName(), 'ghippo.io/sso-subject-'];
    await expect(as('mallory', remove)).rejects.toThrow(/mallory may not set/);
    await expect(as('mallory', dryRun, manifest({ name: 'mallory' }))).rejects.toThrow(/mallory may not set/);
    await as('mallory', ['annotate', '--dry-run=server', 'accesskey', '-n', namespace, await aliceName(), 'note=1']);
  });

  test.each([['ghippo.io/sso-issuer'], ['ghippo.io/sso-subject']])('reject an empty %s', async (name) => {
    const empty = { ...accessKeyManifest(namespace, 'mallory'), metadata: { name: 'mallory', namespace } };
    const metadata = { ...empty.metadata, annotations: { [name]: '' } };
    await expect(as('mallory', dryRun, { ...empty, metadata })).rejects.toThrow(/mallory may not set/);
    await as('mallory', dryRun, empty);
  });

  test('allow no one else to set who made the last change, but to remove it', async () => {
    const annotate = ['annotate', '--overwrite', '--dry-run=server', 'accesskey', '-n', namespace, await aliceName()];
    await expect(as('mallory', [...annotate, `${lastChange}=bob`])).rejects.toThrow(
      /mallory may not set .*last-changed-by/,
    );
    const forged = { ...accessKeyManifest(namespace, 'mallory'), metadata: { name: 'mallory', namespace } };
    const withChange = { ...forged.metadata, annotations: { [lastChange]: 'bob' } };
    await expect(as('mallory', dryRun, { ...forged, metadata: withChange })).rejects.toThrow(/may not set/);
    await as('mallory', [...annotate, `${lastChange}-`]);
    await as(operatorUser, [...annotate, `${lastChange}=bob`]);
    await expect(as(operatorUser, [...annotate, 'a=b'])).rejects.toThrow(/metadata: the operator/);
  });

  test('let an administrator adopt an AccessKey', async () => {
    const adopt = [`ghippo.io/sso-issuer=${provider.issuer}`, 'ghippo.io/sso-subject=sub-of-dora'];
    await kubectl.run(['annotate', 'accesskey', '-n', namespace, 'dora', ...adopt]);
    await poll('the sign-in of dora', async () => {
      const response = await signOn({ sub: 'sub-of-dora', preferred_username: 'dora' });
      return response.status === 303;
    });
  });
});

test('back-channel logout ends the sessions on all replicas, also after a restart', async () => {
  const person = await client(alice);
  const replica = await cluster.startOperator(settings);
  const pages = [operator, replica].map(({ url }) => clientOf(url, person.cookie));
  const statuses = () => Promise.all(pages.map(async (page) => (await page.get('/personal-center/profile')).status));
  expect(await statuses()).toEqual([200, 200]);
  const now = Math.floor(Date.now() / 1000);
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
  const claims = {
    iss: provider.issuer,
    aud: testClient.id,
    iat: now,
    exp: now + 60,
    jti: 'a',
    sub: alice.sub,
    events,
  };
  const body = new URLSearchParams({ logout_token: await provider.sign(claims, { typ: 'logout+jwt' }) });
  const response = await fetch(`${replica.url}/login/backchannel-logout`, { method: 'POST', body });
  expect(response.status).toBe(200);
  await poll('the end of the session on both replicas', async () => (await statuses()).every((one) => one === 303));
  const restarted = await cluster.startOperator(settings);
  const page = await clientOf(restarted.url, person.cookie).get('/personal-center/profile');
  expect(page.status).toBe(303);
  const stored = await kubectl.run([
    'get',
    'secret',
    'accesskey-operator-web-sign-outs',
    '-n',
    'accesskey-system',
    '-o',
    'json',
  ]);
  expect(stored).not.toContain(Buffer.from(alice.sub).toString('base64'));
});
