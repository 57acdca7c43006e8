/** Leader election and probes of a real operator under the most expensive requests that it accepts. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import type { HostileCounts, HostileOptions } from '../support/hostile-client.ts';
import { accessKeyManifest, createNamespace, createPair, deploymentsPath, getToken } from '../support/platform.ts';
import { deploymentManifest } from '../support/workload.ts';

const connections = 200;
const deployments = 500;
/** Each renewal follows a period of one second. */
const renewals = 12;
/** Long enough for a busy machine. The requests of an attacker with quadratic cost blocked the operator for minutes. */
const leaderElection = { leaseDurationSeconds: 60, renewDeadlineSeconds: 40, retryPeriodSeconds: 1 };

let cluster: TestCluster;
let operator: OperatorProcess;
let token: string;

beforeAll(async () => {
  cluster = await startTestCluster();
  operator = await cluster.startOperator({ leaderElection });
  const { kubectl } = cluster;
  await createNamespace(kubectl, 'people');
  await kubectl.run(['create', 'clusterrolebinding', 'alice', '--clusterrole=view', '--user=alice']);
  const items = Array.from({ length: deployments }, (_, index) => deploymentManifest('people', `app-${index}`));
  await kubectl.apply({ apiVersion: 'v1', kind: 'List', items });
  token = await getToken(operator.url, await createPair(kubectl, accessKeyManifest('people', 'alice')));
});
afterAll(() => cluster?.stop());

interface Lease {
  spec: { holderIdentity: string; leaseTransitions: number; renewTime: string };
}

const readLease = async () =>
  (await cluster.kubectl.get<Lease>('lease', 'accesskey-operator', '-n', 'accesskey-system')).spec;

/** Sends expensive requests until the task is done. @returns the responses */
async function attackDuring(task: () => Promise<void>): Promise<HostileCounts> {
  const workerData: HostileOptions = { url: operator.url, token, listing: deploymentsPath, connections };
  const worker = new Worker(new URL('../support/hostile-client.ts', import.meta.url), { workerData });
  try {
    await task();
    worker.postMessage('stop');
    const [counts] = await once(worker, 'message');
    return counts;
  } finally {
    await worker.terminate();
  }
}

/** Sends probes, one after the other, until the task is done. @returns the number of responses by status */
async function probeDuring(task: Promise<void>): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  let isDone = false;
  const done = task.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    for (const path of ['/healthz', '/readyz']) {
      const { status } = await fetch(`${operator.healthUrl}${path}`);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  }
  await done;
  return statuses;
}

/** Waits until the Lease has been renewed a number of times. */
async function observeRenewals(count: number): Promise<void> {
  let { renewTime: last } = await readLease();
  for (let renewed = 0; renewed < count; renewed += 1) {
    last = await poll('a renewal of the Lease', async () => {
      const { renewTime } = await readLease();
      return renewTime !== last && renewTime;
    });
  }
}

test('expensive requests on many connections starve neither leader election nor probes', async () => {
  const before = await readLease();
  let probes: Record<string, number> = {};
  const counts = await attackDuring(async () => {
    probes = await probeDuring(observeRenewals(renewals));
  });
  const { holderIdentity, leaseTransitions } = await readLease();
  expect({ holderIdentity, leaseTransitions }).toEqual({
    holderIdentity: before.holderIdentity,
    leaseTransitions: before.leaseTransitions,
  });
  expect(Object.keys(probes)).toEqual(['200']);
  expect(probes[200]).toBeGreaterThan(renewals);
  // Every kind of request got a response, and none a 5xx or a closed connection.
  const statuses = Object.entries(counts).map(([kind, ofKind]) => [kind, Object.keys(ofKind).join()]);
  expect(Object.fromEntries(statuses)).toEqual({
    'JSON, many names': '400',
    'JSON, nested': '400',
    'form, repeated name': '400',
    'form, long values': '400',
    'OAuth form': '400',
    query: '400',
    path: '400',
    cookies: '200',
    'Accept-Language': '200',
    'Accept-Encoding': '200',
    'If-None-Match': '200',
    Forwarded: '400',
    'Content-Type': '415',
    'Authorization, Bearer': '401',
    'Authorization, Basic': '400',
    'listing, absent labels': '200',
    'listing, values': '200',
    'listing, sorted': '200',
  });
});
