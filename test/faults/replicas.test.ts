import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { untilEmpty } from './support/admin.ts';
import { defaultLease, type FaultCluster, type Link, startFaultCluster } from './support/fault-cluster.ts';
import { expectNoWrites, settle, writesIn } from './support/settling.ts';
import { printResult, seed, sizes, testMs, timeoutMs } from './support/sizes.ts';
import { createWorkload, keepWorking, type Workload } from './support/workload.ts';

const leasePath = '/apis/coordination.k8s.io/v1/namespaces/accesskey-system/leases/accesskey-operator';

/** An operator with a link of its own, which separates its requests from those of the others. */
interface Replica {
  operator: OperatorProcess;
  link: Link;
}

let cluster: FaultCluster;

beforeAll(async () => {
  cluster = await startFaultCluster();
});
afterAll(() => cluster?.stop());
afterEach(() => cluster.killOperators());

async function startReplica(link?: Link): Promise<Replica> {
  const own = link ?? (await cluster.openLink());
  const operator = await cluster.startOperator(own, defaultLease);
  await operator.ready();
  return { operator, link: own };
}

async function lease(): Promise<{ holderIdentity?: string; leaseTransitions?: number }> {
  return ((await cluster.admin.get(leasePath))?.spec ?? {}) as object;
}

/** @returns the identity that the replica logged, or undefined if it has never led */
function identityOf({ operator }: Replica): string | undefined {
  const line = operator.output.find((one) => one.includes('"msg":"leading"'));
  return line === undefined ? undefined : (JSON.parse(line) as { identity: string }).identity;
}

/** @returns when each term of the replica as leader began, milliseconds since the epoch */
function termsOf({ operator }: Replica): number[] {
  const lines = operator.output.filter((line) => line.includes('"msg":"leading"'));
  return lines.map((line) => Date.parse((JSON.parse(line) as { time: string }).time));
}

async function leads(replica: Replica): Promise<boolean> {
  const identity = identityOf(replica);
  return identity !== undefined && (await lease()).holderIdentity === identity;
}

/** Waits until one of the replicas leads. */
function leaderOf(replicas: readonly Replica[]): Promise<Replica> {
  const findLeader = async () => {
    for (const one of replicas) if (await leads(one)) return one;
    return undefined;
  };
  return poll('a leader', findLeader, timeoutMs);
}

async function workloadIn(namespace: string): Promise<Workload> {
  const { admin, history } = cluster;
  await cluster.namespace(namespace);
  return createWorkload({ admin, history, namespace, seed, users: 4, accessKeysEach: 5 });
}

/** Delays writes of Secrets until some wait. The reconciles that wait for them have a status to write afterwards. */
async function untilBusy({ link: { proxy } }: Replica): Promise<void> {
  let delayed = 0;
  proxy.decide = ({ method, path }) => {
    if (method === 'GET' || !path.includes('/secrets')) return undefined;
    delayed += 1;
    return { kind: 'delay', ms: 1_500 };
  };
  await poll('several writes in flight', async () => delayed >= 4, timeoutMs);
  proxy.decide = () => undefined;
}

async function expectSettled(workload: Workload): Promise<void> {
  await settle(cluster);
  await untilEmpty('the expected key pairs', workload.violations);
}

test('no key pair is lost or duplicated when leaders are killed with SIGKILL', { timeout: testMs }, async () => {
  const workload = await workloadIn('leaderless');
  let replicas = [await startReplica(), await startReplica()];
  const endWork = keepWorking(workload);
  for (let kill = 0; kill < sizes.leaderKills; kill += 1) {
    const leader = await leaderOf(replicas);
    await sleep(500);
    await leader.operator.stop('SIGKILL');
    replicas = [...replicas.filter((one) => one !== leader), await startReplica()];
  }
  await leaderOf(replicas);
  await endWork();
  await expectSettled(workload);
  expect((await lease()).leaseTransitions).toBeGreaterThanOrEqual(sizes.leaderKills);
  await Promise.all(replicas.map(({ operator }) => operator.stop()));
  await expectNoWrites(cluster, await cluster.openLink(), defaultLease);
  printResult('leader killed', { seed, kills: sizes.leaderKills, ...workload.done });
});

test('a leader releases the Lease on SIGTERM and another replica takes over', { timeout: testMs }, async () => {
  const workload = await workloadIn('handed-over');
  const replicas = [await startReplica(), await startReplica()];
  const leader = await leaderOf(replicas);
  const [other] = replicas.filter((one) => one !== leader);
  const endWork = keepWorking(workload);
  await sleep(500);
  expect(await leader.operator.stop('SIGTERM')).toBe(0);
  expect(leader.operator.output.some((line) => line.includes('"msg":"lease released"'))).toBe(true);
  expect((await lease()).holderIdentity).not.toBe(identityOf(leader));
  await leaderOf([other as Replica]);
  await endWork();
  await expectSettled(workload);
  await other?.operator.stop();
  await expectNoWrites(cluster, await cluster.openLink(), defaultLease);
});

test('a leader that is paused for longer than its Lease writes nothing after another replica has taken over', {
  timeout: testMs,
}, async () => {
  const workload = await workloadIn('paused');
  const replicas = [await startReplica(), await startReplica()];
  const former = await leaderOf(replicas);
  const [other] = replicas.filter((one) => one !== former) as [Replica];
  let writes = 0;
  for (let pause = 0; pause < sizes.pauses; pause += 1) {
    const endWork = keepWorking(workload);
    await untilBusy(former);
    const seenOfOther = other.link.proxy.requests.length;
    const terms = termsOf(former).length;
    former.operator.process.kill('SIGSTOP');
    await leaderOf([other]);
    const writesOfTheOther = () => writesIn(other.link.proxy.requests.slice(seenOfOther)).length;
    await poll('a write of the new leader', async () => writesOfTheOther() > 0, timeoutMs);
    // Requests that were in flight when it was stopped have reached the proxy by now.
    const seen = former.link.proxy.requests.length;
    former.operator.process.kill('SIGCONT');
    const hasStopped = () =>
      former.operator.output.filter((line) => line.includes('"msg":"no longer leading"')).length > pause;
    await poll('the former leader to step down', async () => hasStopped(), timeoutMs);
    // On a slow machine, the new leader can lose its Lease to the former one, which then writes again.
    const writesWithoutLease = () => {
      const nextTerm = termsOf(former)[terms] ?? Number.POSITIVE_INFINITY;
      const later = former.link.proxy.requests.slice(seen);
      // Not performance.timeOrigin: the two clocks drift apart.
      const clockStart = Date.now() - performance.now();
      return writesIn(later.filter(({ at }) => clockStart + at < nextTerm));
    };
    await endWork();
    await expectSettled(workload);
    writes += writesOfTheOther();
    // It may have been stopped between the check of its leadership and the write, for which writes have preconditions.
    expect(writesWithoutLease().slice(1)).toEqual([]);
    other.operator.process.kill('SIGSTOP');
    await leaderOf([former]);
    other.operator.process.kill('SIGCONT');
  }
  await Promise.all(replicas.map(({ operator }) => operator.stop()));
  await expectNoWrites(cluster, await cluster.openLink(), defaultLease);
  printResult('leader paused', { seed, pauses: sizes.pauses, ...workload.done, writesOfTheOther: writes });
});
