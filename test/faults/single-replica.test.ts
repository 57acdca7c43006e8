import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { writeOperatorKubeconfig } from '../../tools/install.ts';
import { poll } from '../../tools/poll.ts';
import { callFaults } from '../support/fault-proxy/random-faults.ts';
import { randomFaults } from '../support/fault-proxy.ts';
import { reconcileAgain, untilReconciled } from '../support/reconciliation.ts';
import { shiftedClock } from '../support/shifted-clock.ts';
import { accessKeysPath, secretsPath, untilEmpty } from './support/admin.ts';
import { defaultLease, type FaultCluster, noLease, startFaultCluster } from './support/fault-cluster.ts';
import { createRandom } from './support/random.ts';
import { expectNoWrites, settle } from './support/settling.ts';
import { isSoak, printResult, seed, sizes, testMs, timeoutMs } from './support/sizes.ts';
import { createWorkload, keepWorking, type Workload } from './support/workload.ts';

const users = 6;
/** The API server caches an authenticated token for 10 seconds. */
const tokenCacheMs = 12_000;
const conflict = { kind: 'answer', status: 409, reason: 'Conflict' } as const;
let cluster: FaultCluster;

beforeAll(async () => {
  cluster = await startFaultCluster();
});
afterAll(() => cluster?.stop());
// One that keeps the Lease would make the next tests fail too.
afterEach(() => cluster.killOperators());

async function workloadIn(namespace: string, accessKeys: number, freshNames = false): Promise<Workload> {
  const { admin, history } = cluster;
  await cluster.namespace(namespace);
  const accessKeysEach = Math.ceil(accessKeys / users);
  return createWorkload({ admin, history, namespace, seed, users, accessKeysEach, freshNames });
}

/** Waits until no invariant is violated and no pair was created without a request. @param attempts see untilEmpty */
async function expectSettled(workload: Workload, attempts?: () => number): Promise<void> {
  await settle(cluster, attempts);
  await untilEmpty('the expected key pairs', workload.violations, attempts);
}

test('the cluster settles when one API call in five fails', { timeout: testMs }, async () => {
  const link = await cluster.openLink();
  const workload = await workloadIn('failing', sizes.accessKeys);
  link.proxy.decide = randomFaults({ seed, share: 0.2, calls: [...callFaults, conflict] });
  const operator = await cluster.startOperator(link, defaultLease);
  await operator.ready();
  for (let round = 0; round < (sizes.accessKeys * 5) / users; round += 1) {
    await workload.run(1);
    await sleep(50);
  }
  await expectSettled(workload, () => link.proxy.requests.filter(({ path }) => path.includes('/failing/')).length);
  link.proxy.decide = () => undefined;
  await operator.stop();
  for (const { kind } of callFaults) expect([kind, link.proxy.faults[kind] ?? 0]).not.toEqual([kind, 0]);
  await expectNoWrites(cluster, link, defaultLease);
  printResult('one call in five fails', {
    seed,
    ...workload.done,
    calls: link.proxy.requests.length,
    faults: link.proxy.faults,
  });
});

test('the cluster settles after API server and etcd are killed and restarted', { timeout: testMs }, async () => {
  const link = await cluster.openLink();
  const workload = await workloadIn('restarting', sizes.accessKeys / 2, true);
  const operator = await cluster.startOperator(link, defaultLease);
  const endWork = keepWorking(workload);
  const { controlPlane } = cluster;
  for (let round = 0; round < sizes.restarts; round += 1) {
    await sleep(1000);
    await controlPlane.stopApiServer('SIGKILL');
    await sleep(500);
    await controlPlane.startApiServer();
    await sleep(1000);
    await controlPlane.stopEtcd('SIGKILL');
    await sleep(500);
    await controlPlane.startEtcd();
  }
  await endWork();
  await expectSettled(workload);
  await operator.stop();
  await expectNoWrites(cluster, link, defaultLease);
  const { restarts } = sizes;
  printResult('API server and etcd killed', { seed, restarts, ...workload.done, calls: link.proxy.requests.length });
});

test('the cluster settles after the operator is killed with SIGKILL at random moments', {
  timeout: testMs,
}, async () => {
  const link = await cluster.openLink();
  const random = createRandom(seed);
  const workload = await workloadIn('killing', sizes.accessKeys / 2);
  const endWork = keepWorking(workload);
  for (let kill = 0; kill < sizes.kills; kill += 1) {
    const operator = await cluster.startOperator(link, noLease);
    await sleep(random() * 1500);
    await operator.stop('SIGKILL');
  }
  await endWork();
  const operator = await cluster.startOperator(link, noLease);
  await expectSettled(workload);
  await operator.stop();
  await expectNoWrites(cluster, link, noLease);
  printResult('operator killed', { seed, kills: sizes.kills, ...workload.done, calls: link.proxy.requests.length });
});

test('the operator reads a new token after the API server has rejected the current one', {
  timeout: testMs,
}, async () => {
  const link = await cluster.openLink();
  const workload = await workloadIn('expiring', users);
  const operator = await cluster.startOperator(link, noLease);
  await operator.ready();
  // Deleting the ServiceAccount invalidates the token, as expiry does.
  const { kubectl, operatorKubeconfig } = cluster;
  await kubectl.run(['delete', 'serviceaccount', 'accesskey-operator', '-n', 'accesskey-system']);
  await kubectl.run(['create', 'serviceaccount', 'accesskey-operator', '-n', 'accesskey-system']);
  await sleep(tokenCacheMs);
  await workload.run(2);
  await poll(
    'rejected calls',
    async () => operator.output.some((line) => line.includes(': 401 Unauthorized')),
    timeoutMs,
  );
  await writeOperatorKubeconfig(kubectl, operatorKubeconfig);
  await link.proxy.kubeconfig(link.kubeconfig, operatorKubeconfig);
  await expectSettled(workload);
  await operator.stop();
  await expectNoWrites(cluster, link, noLease);
});

test.runIf(isSoak)(
  'the operator notices half-open watches within their idle timeout',
  { timeout: testMs },
  async () => {
    const link = await cluster.openLink();
    link.proxy.decide = ({ isWatch, nth }) => (isWatch && nth === 0 ? { kind: 'halfOpen', afterLines: 0 } : undefined);
    const workload = await workloadIn('silent', users);
    const operator = await cluster.startOperator(link, noLease);
    await operator.ready();
    await workload.run(3);
    await expectSettled(workload);
    expect(link.proxy.faults.halfOpen).toBeGreaterThanOrEqual(3);
    await operator.stop();
    await expectNoWrites(cluster, link, noLease);
  },
);

test('a rotation happens once when the clock jumps forward and back', {
  timeout: testMs,
}, async () => {
  const link = await cluster.openLink();
  const { admin, history } = cluster;
  const namespace = await cluster.namespace('jumping');
  const clock = shiftedClock(join(cluster.directory, 'clock'));
  const operator = await cluster.startOperator(link, noLease, clock.options);
  const keyPairs = [{ name: 'main', rotation: { interval: '2h', overlap: '1h' } }];
  await admin.create(accessKeysPath(namespace), {
    apiVersion: 'ghippo.io/v1alpha1',
    kind: 'AccessKey',
    metadata: { namespace, name: 'clock' },
    spec: { user: { name: 'clock' }, keyPairs },
  });
  await settle(cluster);
  // Also waits for the reconciliation that the status update caused.
  await reconcileAgain(operator, cluster.kubectl, `${namespace}/clock`);
  const live = await admin.get(`${accessKeysPath(namespace)}/clock`);
  const aks = () => history.aksOf(String(live?.metadata.uid), 'main').length;
  const hasPrevious = async () => {
    const secret = await admin.get(`${secretsPath(namespace)}/clock-main`);
    return 'previous-ak' in ((secret?.data ?? {}) as object);
  };
  const accessKeys = (await admin.list(accessKeysPath())).length;
  clock.shift(2.5 * 3600);
  // No edit triggers a reconciliation: the operator checks the clock by itself.
  await poll('the rotation', async () => aks() === 2 && (await hasPrevious()), timeoutMs);
  clock.shift(0);
  await operator.stop();
  const back = await cluster.startOperator(link, noLease, clock.options);
  await untilReconciled(back, accessKeys, timeoutMs);
  expect([aks(), await hasPrevious()]).toEqual([2, true]);
  // Times from when the clock was ahead are ignored: overlap and next rotation count from now.
  clock.shift(1.2 * 3600);
  await admin.merge(`${accessKeysPath(namespace)}/clock`, { metadata: { annotations: { touched: 'yes' } } });
  await poll('the end of the overlap', async () => !(await hasPrevious()), timeoutMs);
  expect(aks()).toBe(2);
  clock.shift(2.5 * 3600);
  await poll('the next rotation', async () => aks() === 3, timeoutMs);
  await back.stop();
});
