import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installManifests, operatorNamespace } from '../../tools/install.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { signIn } from '../support/console-client.ts';
import {
  accessKeyManifest,
  createNamespace,
  createPair,
  getToken,
  type Listing,
  listDeployments,
  pairStops,
  readPair,
  waitReady,
} from '../support/platform.ts';

const overlay = join(import.meta.dirname, '../../manifests/overlays/single-namespace');
const keysPath = '/personal-center/access-keys';
const grace = { name: 'grace', groups: [], token: 'token-of-grace-3b1d' };
const operatorUser = 'system:serviceaccount:accesskey-system:accesskey-operator';

let cluster: TestCluster;
let operator: OperatorProcess;

beforeAll(async () => {
  cluster = await startTestCluster({ people: [grace] });
  const { kubectl } = cluster;
  for (const name of ['team-a', 'team-b']) {
    await createNamespace(kubectl, name);
    await kubectl.run(['create', 'deployment', 'web', '-n', name, '--image=nginx:1.29']);
  }
  await installManifests(kubectl, overlay);
  // As docs/install.md describes for a change from the whole cluster to one namespace.
  const names = ['accesskey-operator', 'accesskey-operator-cluster', 'accesskey-operator-console'];
  await kubectl.run(['delete', 'clusterrole,clusterrolebinding', ...names]);
  operator = await cluster.startOperator({ watchNamespace: 'team-a' });
});
afterAll(() => cluster?.stop());

/** The output of kubectl auth can-i for the operator. */
function mayOperator(verb: string, resource: string, namespace: string): Promise<string> {
  const ask = ['auth', 'can-i', verb, resource, '-n', namespace, `--as=${operatorUser}`];
  return cluster.kubectl.run(ask).catch((error: Error) => error.message);
}

describe('an operator with Roles only', () => {
  test('has no permissions in other namespaces or in the whole cluster', async () => {
    expect(await mayOperator('list', 'secrets', 'team-a')).toMatch(/^yes/);
    expect(await mayOperator('list', 'secrets', 'team-b')).not.toMatch(/^yes/);
    expect(await mayOperator('list', 'deployments.apps', 'team-b')).not.toMatch(/^yes/);
    const bindings = await cluster.kubectl.get<{ items: { subjects?: { name: string; namespace?: string }[] }[] }>(
      'clusterrolebindings',
    );
    const subjects = bindings.items.flatMap(({ subjects = [] }) => subjects);
    expect(subjects.length).toBeGreaterThan(10);
    expect(subjects.filter(({ namespace }) => namespace === operatorNamespace)).toEqual([]);
  });

  test('creates pairs, issues tokens and lists deployments in its namespace', async () => {
    const { kubectl } = cluster;
    await kubectl.run(['create', 'clusterrolebinding', 'alice', '--clusterrole=view', '--user=alice']);
    const token = await getToken(operator.url, await createPair(kubectl, accessKeyManifest('team-a', 'alice')));
    const listing = (await (await listDeployments(operator.url, token)).json()) as Listing;
    expect(listing.items.map(({ metadata }) => metadata)).toMatchObject([{ namespace: 'team-a', name: 'web' }]);
    expect(listing.pagination.total).toBe(1);
  });

  test('lists nothing without permission', async () => {
    const { kubectl } = cluster;
    await kubectl.run(['create', 'rolebinding', 'bob', '--clusterrole=view', '--user=bob', '-n', 'team-b']);
    const token = await getToken(operator.url, await createPair(kubectl, accessKeyManifest('team-a', 'bob')));
    expect((await listDeployments(operator.url, token)).status).toBe(403);
  });

  test('ignores AccessKeys of other namespaces', async () => {
    const { kubectl } = cluster;
    await kubectl.apply(accessKeyManifest('team-b', 'carol'));
    // A newer AccessKey in the watched namespace is Ready by now.
    await createPair(kubectl, accessKeyManifest('team-a', 'dave'));
    const { status } = await kubectl.get<{ status: object }>('accesskey', 'carol', '-n', 'team-b');
    expect(status).toEqual({ observedGeneration: -1 });
    expect(await kubectl.run(['get', 'secrets', '-n', 'team-b', '-o', 'name'])).toBe('');
  });

  test('offers the first key in the console, and the inventory, in its namespace', async () => {
    const { kubectl } = cluster;
    await kubectl.run(['create', 'rolebinding', 'grace', '--clusterrole=edit', '--user=grace', '-n', 'team-a']);
    const client = await signIn(operator.url, { method: 'token', token: grace.token });
    const fields = { name: 'main', namespace: 'team-a', validity: 'permanent' };
    const generation = await client.hidden(`${keysPath}/new`, 'generation');
    const created = await client.post(`${keysPath}/new`, { ...fields, generation });
    expect([created.status, await created.text()]).toEqual([200, expect.stringContaining('id="shown-sk"')]);
    await waitReady(kubectl, 'team-a', 'grace');
    expect(await (await client.get(`${keysPath}/key-pairs.csv`)).text()).toContain('team-a,grace,main,grace,');
    await getToken(operator.url, await readPair(kubectl, 'team-a', 'grace-main'));
  });

  test('reports that it cannot review tokens of ServiceAccounts', async () => {
    const { kubectl } = cluster;
    await kubectl.run(['create', 'serviceaccount', 'ci', '-n', 'team-a']);
    await kubectl.apply({ ...accessKeyManifest('team-a', 'erin', { serviceAccounts: ['ci'] }) });
    const subject = (await kubectl.run(['create', 'token', 'ci', '-n', 'team-a', '--audience=ghippo.io'])).trim();
    const body = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      subject_token: subject,
    });
    const answer = await fetch(`${operator.url}/oauth2/token`, { method: 'POST', body });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: 'temporarily_unavailable' });
    const review = ['create', 'clusterrole', 'accesskey-operator-token-review', '--verb=create'];
    await kubectl.run([...review, '--resource=tokenreviews.authentication.k8s.io']);
    const binding = ['create', 'clusterrolebinding', 'accesskey-operator-token-review'];
    const serviceAccount = '--serviceaccount=accesskey-system:accesskey-operator';
    await kubectl.run([...binding, '--clusterrole=accesskey-operator-token-review', serviceAccount]);
    const exchange = () => fetch(`${operator.url}/oauth2/token`, { method: 'POST', body });
    await poll('the exchange', async () => (await exchange()).status === 200);
  });

  test('stops the pairs when the namespace is deleted', async () => {
    const pair = await createPair(cluster.kubectl, accessKeyManifest('team-a', 'frank'));
    await cluster.kubectl.run(['delete', 'namespace', 'team-a', '--wait=false']);
    await pairStops(operator.url, pair);
  });
});
