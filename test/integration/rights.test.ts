/**
 * The operator's rights in manifests/ are those that it uses, no more and no less: a session in which everything happens
 * for which it asks the API server, judged by the API server's audit log. Whoever adds a rule adds the step that uses it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { createKubectl, type Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { signIn } from '../support/console-client.ts';
import {
  accessKeyManifest,
  createNamespace,
  createPair,
  getToken,
  listDeployments,
  readPair,
  waitReady,
} from '../support/platform.ts';
import {
  type AuditedRequest,
  type AuditLog,
  createAuditLog,
  type Grant,
  grantsOf,
  unusedGrants,
} from '../support/rights.ts';

const [namespace, serviceAccount] = ['accesskey-system', 'accesskey-operator'];
const username = `system:serviceaccount:${namespace}:${serviceAccount}`;
const keySecret = 'accesskey-operator-signing-keys';

let directory: string;
let audit: AuditLog;
let cluster: TestCluster;
let operator: OperatorProcess;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'accesskey-audit-'));
  audit = await createAuditLog(directory);
  cluster = await startTestCluster({ apiServerArguments: audit.arguments });
  operator = await cluster.startOperator();
  await createNamespace(cluster.kubectl, 'people');
});
afterAll(async () => {
  await cluster?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function patchSpec(kubectl: Kubectl, name: string, spec: object): Promise<void> {
  await kubectl.run(['patch', 'accesskey', name, '-n', 'people', '--type=merge', '-p', JSON.stringify({ spec })]);
  const wanted = JSON.stringify(spec);
  const seen = () => waitReady(kubectl, 'people', name);
  await poll(wanted, async () => {
    const { metadata, status } = await seen();
    return status.observedGeneration === metadata.generation;
  });
}

/** A pair made, rotated, moved to another Secret and removed; tokens, the listing, their Events and statuses. */
async function liveAsPair(): Promise<void> {
  const { kubectl } = cluster;
  const pair = await createPair(kubectl, accessKeyManifest('people', 'alice'));
  const token = await getToken(operator.url, pair);
  expect((await listDeployments(operator.url, token)).status).toBe(403);
  await patchSpec(kubectl, 'alice', { keyPairs: [{ name: 'main', revision: 2 }] });
  expect((await readPair(kubectl, 'people', 'alice-main')).ak).not.toBe(pair.ak);
  await patchSpec(kubectl, 'alice', { keyPairs: [{ name: 'main', revision: 2, secret: { name: 'moved' } }] });
  await patchSpec(kubectl, 'alice', { keyPairs: [] });
  expect(await kubectl.run(['get', 'secrets', '-n', 'people', '-o', 'name'])).toBe('');
}

/** A ServiceAccount's token, which is refused after the cluster was asked about it. */
async function exchangeToken(): Promise<void> {
  const { kubectl } = cluster;
  await kubectl.run(['create', 'serviceaccount', 'ci', '-n', 'people']);
  await kubectl.apply(accessKeyManifest('people', 'robot', { serviceAccounts: ['ci'] }));
  const token = await kubectl.run(['create', 'token', 'ci', '-n', 'people', '--audience=ghippo.io']);
  const urn = 'urn:ietf:params:oauth';
  const form = { grant_type: `${urn}:grant-type:token-exchange`, subject_token_type: `${urn}:token-type:jwt` };
  const body = new URLSearchParams({ ...form, subject_token: token.trim() });
  const exchange = () => fetch(`${operator.url}/oauth2/token`, { method: 'POST', body });
  await poll('the exchange', async () => (await exchange()).status === 200);
}

/** Somebody who has signed in by a key pair disables it on the page. */
async function disableOnPage(): Promise<void> {
  const { kubectl } = cluster;
  await kubectl.run(['create', '-f', '-'], JSON.stringify(accessKeyManifest('people', 'dora')));
  await waitReady(kubectl, 'people', 'dora');
  const pair = await readPair(kubectl, 'people', 'dora-main');
  await getToken(operator.url, pair);
  const client = await signIn(operator.url, { method: 'pair', ...pair });
  const generation = await client.hidden('/personal-center/access-keys/main/rotate', 'generation');
  const answer = await client.post('/personal-center/access-keys/main/disable', { generation });
  expect(answer.status).toBe(303);
}

/** A signing key is revoked, and so the Secret rewritten. */
async function revokeSigningKey(): Promise<void> {
  const published = async () => {
    const { keys } = (await (await fetch(`${operator.url}/.well-known/jwks.json`)).json()) as {
      keys: { kid: string }[];
    };
    return keys.map(({ kid }) => kid);
  };
  const [active = ''] = await published();
  const annotate = ['annotate', 'secret', keySecret, '-n', namespace];
  await cluster.kubectl.run([...annotate, `ghippo.io/revoke-signing-key=${active}`]);
  await poll('another key', async () => {
    const kids = await published();
    return kids.length === 2 && !kids.includes(active);
  });
}

/** A cluster is registered by a Secret that holds no kubeconfig, which an Event tells. */
async function registerCluster(): Promise<void> {
  const metadata = { name: 'elsewhere', namespace, labels: { 'ghippo.io/cluster': 'elsewhere' } };
  await cluster.kubectl.apply({ apiVersion: 'v1', kind: 'Secret', metadata });
  const events = ['get', 'events', '-n', namespace, '-o', 'name', '--field-selector=reason=ClusterRefused'];
  await poll('the Event', async () => (await cluster.kubectl.run(events)) !== '');
}

test('every right is used, and none is missing', async () => {
  for (const step of [liveAsPair, exchangeToken, disableOnPage, revokeSigningKey, registerCluster]) await step();
  const requests = await audit.requestsOf(username);
  const grants = await grantsOf(cluster.kubectl, namespace, serviceAccount);
  expect(grants.length).toBeGreaterThan(20);
  expect(requests.filter(({ allowed }) => !allowed)).toEqual([]);
  expect(unusedGrants(grants, requests)).toEqual([]);
});

describe('this test', () => {
  const request: AuditedRequest = {
    verb: 'get',
    group: '',
    resource: 'secrets',
    namespace: 'a',
    name: 'b',
    allowed: true,
  };
  const grant: Grant = { verb: 'get', group: '', resource: 'secrets' };

  it.each<Grant>([grant, { ...grant, namespace: 'a' }, { ...grant, namespace: 'a', name: 'b' }])(
    'sees that %o is used',
    (used) => expect(unusedGrants([used], [request])).toEqual([]),
  );

  it.each<Grant>([
    { ...grant, verb: 'list' },
    { ...grant, group: 'apps' },
    { ...grant, resource: 'secrets/status' },
    { ...grant, namespace: 'b' },
    { ...grant, namespace: 'a', name: 'a' },
  ])('sees that %o is not', (unused) => expect(unusedGrants([unused], [request])).toEqual([unused]));

  it('takes no refused request for a use', () => {
    expect(unusedGrants([grant], [{ ...request, allowed: false }])).toEqual([grant]);
  });

  it('sees a real refusal in the log', async () => {
    const asOperator = createKubectl(cluster.kubectl.path, cluster.operatorKubeconfig);
    await expect(asOperator.run(['get', 'nodes'])).rejects.toThrow('forbidden');
    const refused = (await audit.requestsOf(username)).filter(({ allowed }) => !allowed);
    expect(refused).toEqual([{ verb: 'list', group: '', resource: 'nodes', allowed: false }]);
  });
});
