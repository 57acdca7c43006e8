/**
 * Verifies that the operator uses exactly the permissions in manifests/, according to the audit log of an API server. A
 * session makes the operator use all of them: a change that adds a rule must add a step that uses it.
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

/** Creates, rotates, moves and removes a pair, gets tokens and lists deployments. */
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

/** Exchanges the token of a ServiceAccount, for which the operator creates a TokenReview. */
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

/** Disables a key pair in the web console, signed in with that pair. */
async function disableOnPage(): Promise<void> {
  const { kubectl } = cluster;
  await kubectl.run(['create', '-f', '-'], JSON.stringify(accessKeyManifest('people', 'dora')));
  await waitReady(kubectl, 'people', 'dora');
  const pair = await readPair(kubectl, 'people', 'dora-main');
  await getToken(operator.url, pair);
  const client = await signIn(operator.url, { method: 'pair', ...pair });
  const generation = await client.hidden('/personal-center/access-keys/main/rotate', 'generation');
  const answer = await client.post('/personal-center/access-keys/main/disable', { generation, confirmed: 'in-use' });
  expect(answer.status).toBe(303);
}

/** Revokes a signing key, which rewrites the Secret. */
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

/** Removes a label from a Secret twice, which causes the same Event again. */
async function repairTwice(): Promise<void> {
  const { kubectl } = cluster;
  await kubectl.apply(accessKeyManifest('people', 'eve'));
  await waitReady(kubectl, 'people', 'eve');
  for (const _ of [1, 2]) {
    await kubectl.run(['label', 'secret', 'eve-main', '-n', 'people', 'app.kubernetes.io/managed-by-']);
    await poll('the repaired label', async () => {
      const { metadata } = await kubectl.get<{ metadata: { labels: object } }>('secret', 'eve-main', '-n', 'people');
      return 'app.kubernetes.io/managed-by' in metadata.labels;
    });
  }
  await untilRepeated('people', 'SecretUpdated');
}

/** Waits until an Event is a series. */
async function untilRepeated(eventNamespace: string, reason: string): Promise<void> {
  const args = ['-n', eventNamespace, `--field-selector=reason=${reason}`];
  await poll(`repeated ${reason}`, async () => {
    const { items } = await cluster.kubectl.get<{ items: { series?: { count: number } }[] }>('events', ...args);
    return items.some(({ series }) => (series?.count ?? 0) > 1);
  });
}

/** Registers a cluster with two invalid kubeconfigs in turn, which causes the same Event again. */
async function registerCluster(): Promise<void> {
  const metadata = { name: 'elsewhere', namespace, labels: { 'ghippo.io/cluster': 'elsewhere' } };
  const invalid = ['', 'clusters: 1', ''];
  for (const [index, kubeconfig] of invalid.entries()) {
    await cluster.kubectl.apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { kubeconfig } });
    const events = ['events', '-n', namespace, '--field-selector=reason=ClusterRefused'];
    if (index === 2) break;
    await poll('the Event', async () => {
      return (await cluster.kubectl.get<{ items: object[] }>(...events)).items.length > index;
    });
  }
  await untilRepeated(namespace, 'ClusterRefused');
}

test('the operator uses every permission and lacks none', async () => {
  const steps = [liveAsPair, exchangeToken, disableOnPage, revokeSigningKey, repairTwice, registerCluster];
  for (const step of steps) await step();
  const requests = await audit.requestsOf(username);
  const grants = await grantsOf(cluster.kubectl, namespace, serviceAccount);
  expect(grants.length).toBeGreaterThan(20);
  expect(requests.filter(({ allowed }) => !allowed)).toEqual([]);
  expect(unusedGrants(grants, requests)).toEqual([]);
});

describe('the evaluation of the audit log', () => {
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
    'finds that %o is used',
    (used) => expect(unusedGrants([used], [request])).toEqual([]),
  );

  it.each<Grant>([
    { ...grant, verb: 'list' },
    { ...grant, group: 'apps' },
    { ...grant, resource: 'secrets/status' },
    { ...grant, namespace: 'b' },
    { ...grant, namespace: 'a', name: 'a' },
  ])('finds that %o is unused', (unused) => expect(unusedGrants([unused], [request])).toEqual([unused]));

  it('does not count a denied request as a use', () => {
    expect(unusedGrants([grant], [{ ...request, allowed: false }])).toEqual([grant]);
  });

  it('finds a denied request in the log', async () => {
    const asOperator = createKubectl(cluster.kubectl.path, cluster.operatorKubeconfig);
    await expect(asOperator.run(['get', 'nodes'])).rejects.toThrow('forbidden');
    const rejected = (await audit.requestsOf(username)).filter(({ allowed }) => !allowed);
    expect(rejected).toEqual([{ verb: 'list', group: '', resource: 'nodes', allowed: false }]);
  });
});
