import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeOperatorKubeconfig } from '../../tools/install.ts';
import { poll } from '../../tools/poll.ts';
import { callFaults } from '../support/fault-proxy/random-faults.ts';
import { randomFaults } from '../support/fault-proxy.ts';
import { shiftedClock } from '../support/shifted-clock.ts';
import { accessKeysPath, secretsPath, untilNone } from './support/admin.ts';
import { type Arena, noLease, shortLease, startArena } from './support/arena.ts';
import { createRandom } from './support/random.ts';
import { expectNoWrites, settle, untilLookedAt } from './support/settling.ts';
import { isSoak, patienceMs, seed, sizes, tell, testMs } from './support/sizes.ts';
import { createWorkload, keepWorking, type Workload } from './support/workload.ts';

const people = 6;
/** For so long the API server goes on taking a token that it has found to be sound, and some more. */
const tokenCacheMs = 12_000;
const conflict = { kind: 'answer', status: 409, reason: 'Conflict' } as const;
let arena: Arena;

beforeAll(async () => {
  arena = await startArena();
});
afterAll(() => arena?.stop());

async function workloadIn(namespace: string, accessKeys: number, freshNames = false): Promise<Workload> {
  const { admin, history } = arena;
  await arena.namespace(namespace);
  const accessKeysEach = Math.ceil(accessKeys / people);
  return createWorkload({ admin, history, namespace, seed, people, accessKeysEach, freshNames });
}

/** Everything is as it must be, and no pair was made that nobody asked for. */
async function expectSettled(workload: Workload): Promise<void> {
  await settle(arena);
  await untilNone('the history is complete', workload.complaints);
}

test('one call in five fails while AccessKeys are created, edited and deleted', { timeout: testMs }, async () => {
  const way = await arena.openWay();
  const workload = await workloadIn('failing', sizes.accessKeys);
  way.proxy.decide = randomFaults({ seed, share: 0.2, calls: [...callFaults, conflict] });
  const operator = await arena.startOperator(way, shortLease);
  await operator.ready();
  for (let round = 0; round < (sizes.accessKeys * 5) / people; round += 1) {
    await workload.run(1);
    await sleep(50);
  }
  await expectSettled(workload);
  way.proxy.decide = () => undefined;
  await operator.stop();
  await expectNoWrites(arena, way, shortLease);
  tell('one call in five fails', {
    seed,
    ...workload.done,
    calls: way.proxy.requests.length,
    faults: way.proxy.faults,
  });
});

test('API server and etcd are killed and start again', { timeout: testMs }, async () => {
  const way = await arena.openWay();
  const workload = await workloadIn('restarting', sizes.accessKeys / 2, true);
  const operator = await arena.startOperator(way, shortLease);
  const endWork = keepWorking(workload);
  const { controlPlane } = arena;
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
  await expectNoWrites(arena, way, shortLease);
  const { restarts } = sizes;
  tell('API server and etcd killed', { seed, restarts, ...workload.done, calls: way.proxy.requests.length });
});

test('the operator is killed with -9 at random moments', { timeout: testMs }, async () => {
  const way = await arena.openWay();
  const random = createRandom(seed);
  const workload = await workloadIn('killing', sizes.accessKeys / 2);
  const endWork = keepWorking(workload);
  for (let kill = 0; kill < sizes.kills; kill += 1) {
    const operator = await arena.startOperator(way, noLease);
    await sleep(random() * 1500);
    await operator.stop('SIGKILL');
  }
  await endWork();
  const operator = await arena.startOperator(way, noLease);
  await expectSettled(workload);
  await operator.stop();
  await expectNoWrites(arena, way, noLease);
  tell('operator killed', { seed, kills: sizes.kills, ...workload.done, calls: way.proxy.requests.length });
});

test('a token that is refused from one moment on is replaced', { timeout: testMs }, async () => {
  const way = await arena.openWay();
  const workload = await workloadIn('expiring', people);
  const operator = await arena.startOperator(way, noLease);
  await operator.ready();
  // A token of a ServiceAccount that is gone is refused as an expired one is.
  const { kubectl, operatorKubeconfig } = arena;
  await kubectl.run(['delete', 'serviceaccount', 'accesskey-operator', '-n', 'accesskey-system']);
  await kubectl.run(['create', 'serviceaccount', 'accesskey-operator', '-n', 'accesskey-system']);
  await sleep(tokenCacheMs);
  await workload.run(2);
  await poll('refused calls', async () => operator.output.some((line) => line.includes('401')), patienceMs);
  await writeOperatorKubeconfig(kubectl, operatorKubeconfig);
  await way.proxy.kubeconfig(way.kubeconfig, operatorKubeconfig);
  await expectSettled(workload);
  await operator.stop();
  await expectNoWrites(arena, way, noLease);
});

test.runIf(isSoak)('half-open watches are noticed within their idle time', { timeout: testMs }, async () => {
  const way = await arena.openWay();
  way.proxy.decide = ({ isWatch, nth }) => (isWatch && nth === 0 ? { kind: 'halfOpen', afterLines: 0 } : undefined);
  const workload = await workloadIn('silent', people);
  const operator = await arena.startOperator(way, noLease);
  await operator.ready();
  await workload.run(3);
  await expectSettled(workload);
  expect(way.proxy.faults.halfOpen).toBeGreaterThanOrEqual(3);
  await operator.stop();
  await expectNoWrites(arena, way, noLease);
});

test('clock jumps: a rotation comes when it is due, once, and going back loses nothing', {
  timeout: testMs,
}, async () => {
  const way = await arena.openWay();
  const { admin, history } = arena;
  const namespace = await arena.namespace('jumping');
  const clock = shiftedClock(join(arena.directory, 'clock'));
  const operator = await arena.startOperator(way, noLease, clock.options);
  const keyPairs = [{ name: 'main', rotation: { interval: '2h', overlap: '1h' } }];
  await admin.create(accessKeysPath(namespace), {
    ...{ apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', metadata: { namespace, name: 'clock' } },
    spec: { user: { name: 'clock' }, keyPairs },
  });
  await settle(arena);
  // Also the pass that its own status leads to is over.
  await sleep(1000);
  const live = await admin.get(`${accessKeysPath(namespace)}/clock`);
  const aks = () => history.aksOf(String(live?.metadata.uid), 'main').length;
  const holdsPrevious = async () => {
    const secret = await admin.get(`${secretsPath(namespace)}/clock-main`);
    return 'previous-ak' in ((secret?.data ?? {}) as object);
  };
  const others = (await admin.list(accessKeysPath())).length;
  clock.shift(2.5 * 3600);
  // Nothing touches the AccessKey: the operator looks at its clock again by itself.
  await poll('the rotation', async () => aks() === 2 && (await holdsPrevious()), patienceMs);
  clock.shift(0);
  await operator.stop();
  const back = await arena.startOperator(way, noLease, clock.options);
  await untilLookedAt(back, others);
  expect([aks(), await holdsPrevious()]).toEqual([2, true]);
  // The times that the clock was ahead at count no more: the overlap and the next rotation are counted from now.
  clock.shift(1.2 * 3600);
  await admin.merge(`${accessKeysPath(namespace)}/clock`, { metadata: { annotations: { touched: 'yes' } } });
  await poll('the end of the overlap', async () => !(await holdsPrevious()), patienceMs);
  expect(aks()).toBe(2);
  clock.shift(2.5 * 3600);
  await poll('the next rotation', async () => aks() === 3, patienceMs);
  await back.stop();
});
