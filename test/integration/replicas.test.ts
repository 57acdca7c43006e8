/** Two replicas: one leads and both serve requests with the same result. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { metricValue } from '../support/metrics.ts';
import {
  accessKeyManifest,
  createNamespace,
  createPair,
  getToken,
  listDeployments,
  pairStops,
} from '../support/platform.ts';

let cluster: TestCluster;
let kubectl: Kubectl;
let replicas: OperatorProcess[];

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  replicas = [await cluster.startOperator(), await cluster.startOperator()];
  await createNamespace(kubectl, 'people');
});
afterAll(() => cluster?.stop());

const patch = (name: string, spec: object) =>
  kubectl.run(['patch', 'accesskey', name, '-n', 'people', '--type=merge', '-p', JSON.stringify({ spec })]);

test('one replica leads according to its metric', async () => {
  const leads = (operator: OperatorProcess) =>
    metricValue(operator, 'leader_election_master_status{name="accesskey-operator"}');
  const status = await poll('a leader', async () => {
    const all = await Promise.all(replicas.map(leads));
    return all.includes(1) && all;
  });
  expect(status.toSorted()).toEqual([0, 1]);
});

describe('both replicas accept each other’s tokens until the pair is', () => {
  test.each<[string, (name: string) => Promise<unknown>]>([
    ['disabled', (name) => patch(name, { keyPairs: [{ name: 'main', enabled: false }] })],
    ['suspended', (name) => patch(name, { suspended: true })],
    ['expired', (name) => patch(name, { keyPairs: [{ name: 'main', expiresAt: '2020-01-01T00:00:00Z' }] })],
    ['rotated out', (name) => patch(name, { keyPairs: [{ name: 'main', revision: 2 }] })],
    ['deleted', (name) => kubectl.run(['delete', 'accesskey', name, '-n', 'people'])],
  ])('%s', async (how, stop) => {
    const name = how.replace(' ', '-');
    const pair = await createPair(kubectl, accessKeyManifest('people', name));
    const tokens = await Promise.all(replicas.map(({ url }) => getToken(url, pair)));
    const statuses = () =>
      Promise.all(
        replicas.flatMap(({ url }) => tokens.map(async (token) => (await listDeployments(url, token)).status)),
      );
    expect(await statuses()).toEqual([403, 403, 403, 403]);
    await stop(name);
    for (const { url } of replicas) await pairStops(url, pair);
    expect(await statuses()).toEqual([401, 401, 401, 401]);
  });
});

test('the other replica reconciles and issues tokens after the leader is killed', async () => {
  const pair = await createPair(kubectl, accessKeyManifest('people', 'before'));
  await getToken(replicas[1]?.url ?? '', pair);
  await replicas[0]?.stop('SIGKILL');
  await getToken(replicas[1]?.url ?? '', pair);
  await getToken(replicas[1]?.url ?? '', await createPair(kubectl, accessKeyManifest('people', 'after')));
});
