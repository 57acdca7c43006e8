/** How the console and the access-token API show a denial of the guardrails, and what the guardrails do not deny. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { people } from '../support/browser-console.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { type ConsoleClient, clientOf, signIn } from '../support/console-client.ts';
import { type InstalledGuardrails, installGuardrails } from '../support/guardrails.ts';
import {
  type AccessKeyObject,
  accessKeyManifest,
  conditionOf,
  createNamespace,
  type ErrorAnswer,
  getToken,
  type Pair,
  readPair,
  waitObserved,
  waitReady,
} from '../support/platform.ts';

const day = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * day).toISOString();
const keysPath = '/personal-center/access-keys';

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;
let guardrails: InstalledGuardrails;
let pair: Pair;
let other: Pair;

/** Not with kubectl apply, which would manage the key pairs. */
async function create(name: string, spec: Parameters<typeof accessKeyManifest>[2]): Promise<Pair> {
  await kubectl.run(['create', '-f', '-'], JSON.stringify(accessKeyManifest('people', name, spec)));
  await waitReady(kubectl, 'people', name);
  return readPair(kubectl, 'people', `${name}-main`);
}

interface Stored extends AccessKeyObject {
  spec: { keyPairs: { name: string }[] };
}
const stored = (name: string) => kubectl.get<Stored>('accesskey', name, '-n', 'people');

beforeAll(async () => {
  cluster = await startTestCluster({ people: Object.values(people) });
  kubectl = cluster.kubectl;
  await createNamespace(kubectl, 'people');
  await kubectl.run(['create', 'rolebinding', 'edit', '-n', 'people', '--clusterrole=edit', '--group=developers']);
  operator = await cluster.startOperator();
  guardrails = await installGuardrails(kubectl);
  await guardrails.set({}, 'people');
  // Without expiry, because a session with a key pair cannot create one that is valid longer.
  pair = await create('ann', { keyPairs: [{ name: 'main' }] });
  other = await create('bob', { keyPairs: [{ name: 'main', expiresAt: inDays(20) }] });
  await create('old', { user: { name: 'old', groups: ['admins'] }, suspended: true, keyPairs: [{ name: 'main' }] });
  await guardrails.set({ maxKeyPairLifetime: '720h', allowedGroups: '*: viewers' }, 'people');
});
afterAll(() => cluster?.stop());

const tooLong = 'expiresAt: must be at most 720h, minus the overlap, after the key pair was created or rotated';

/** @returns status and text of the response to a form */
async function submit(client: ConsoleClient, path: string, fields: Record<string, string>) {
  const generation = await client.hidden(path, 'generation');
  const answer = await client.post(path, { generation, ...fields });
  return { status: answer.status, text: await answer.text() };
}

describe('the console', () => {
  const inTime = { validity: 'custom', date: inDays(10).slice(0, 10) };
  const fields = { name: 'ci', description: 'nightly job', validity: '90' };

  test('quotes the guardrail for a new key, and keeps the input', async () => {
    const client = await signIn(operator.url, { method: 'pair', ...pair });
    const { status, text } = await submit(client, `${keysPath}/new`, fields);
    expect(status).toBe(403);
    expect(text).toContain('A policy of the cluster does not allow this change.');
    expect(text).toContain(`spec.keyPairs[1].${tooLong}`);
    expect(text).toContain('(guardrail maxKeyPairLifetime)');
    expect(text).toMatch(/<input[^>]*name="name"[^>]*value="ci"/);
    expect(text).toContain('nightly job');
    expect(text).toMatch(/<input[^>]*value="90"[^>]* checked/);
    expect((await stored('ann')).spec.keyPairs).toHaveLength(1);
    const again = await submit(client, `${keysPath}/new`, { ...fields, ...inTime });
    expect(again.status).toBe(200);
  });

  test('quotes the guardrail for an edited key, in Chinese with the English text of the cluster', async () => {
    const client = await signIn(operator.url, { method: 'pair', ...pair });
    const chinese = clientOf(operator.url, `${client.cookie}; accesskey-language=zh-CN`);
    const { status, text } = await submit(chinese, `${keysPath}/main/edit`, {
      description: 'kept',
      ...{ validity: 'custom', date: inDays(100).slice(0, 10) },
    });
    expect(status).toBe(403);
    expect(text).toContain('集群策略不允许此次修改。');
    expect(text).toContain(`spec.keyPairs[0].${tooLong}`);
    expect(text).toContain('kept');
  });

  test('quotes the guardrail for the groups of a first key', async () => {
    const client = await signIn(operator.url, { method: 'token', token: people.alice.token });
    const first = { ...fields, ...inTime, namespace: 'people', groups: 'developers' };
    const { status, text } = await submit(client, `${keysPath}/new`, first);
    expect(status).toBe(403);
    expect(text).toContain('spec.user.groups: developers is not allowed in namespace people (guardrail allowedGroups)');
    expect(text).toMatch(/<input[^>]*name="name"[^>]*value="ci"/);
  });
});

test('the access-token API names the guardrail with status 403, and adds no key pair', async () => {
  await guardrails.set({ maxKeyPairLifetime: '24h' }, 'people');
  const token = await getToken(operator.url, other);
  const before = (await stored('bob')).spec;
  const answer = await fetch(`${operator.url}/apis/ghippo.io/v1alpha1/current-user/accesstoken`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'api' }),
  });
  const { code, message } = (await answer.json()) as ErrorAnswer;
  expect([answer.status, code]).toEqual([403, 7]);
  expect(message).toMatch(
    /^the cluster rejects the change of the AccessKey: spec\.keyPairs\[\d\]\.expiresAt: must be at most 24h, .* \(guardrail maxKeyPairLifetime\)$/,
  );
  expect((await stored('bob')).spec).toEqual(before);
  await guardrails.set({ maxKeyPairLifetime: '720h', allowedGroups: '*: viewers' }, 'people');
});

test('a suspended AccessKey from before the guardrails is reported, and can be resumed', async () => {
  const reported = async () => conditionOf(await stored('old'), 'NotCompliant')?.message;
  await poll('the condition', async () => /maxKeyPairLifetime.*allowedGroups/.test((await reported()) ?? ''));
  await kubectl.run([
    'patch',
    'accesskey',
    'old',
    '-n',
    'people',
    '--type=merge',
    '-p',
    '{"spec": {"suspended": false}}',
  ]);
  const resumed = await waitObserved(kubectl, 'people', 'old');
  expect(resumed.status.keyPairs).toMatchObject([{ state: 'Active' }]);
  expect(await reported()).toMatch(/maxKeyPairLifetime.*allowedGroups/);
  await getToken(operator.url, await readPair(kubectl, 'people', 'old-main'));
});
