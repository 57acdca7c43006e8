import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { untilNone } from './support/admin.ts';
import { type Arena, shortLease, startArena, type Way } from './support/arena.ts';
import { expectNoWrites, settle, writesIn } from './support/settling.ts';
import { patienceMs, seed, sizes, tell, testMs } from './support/sizes.ts';
import { createWorkload, keepWorking, type Workload } from './support/workload.ts';

const leasePath = '/apis/coordination.k8s.io/v1/namespaces/accesskey-system/leases/accesskey-operator';

/** An operator with a way of its own, so that its requests can be told from those of others. */
interface Replica {
  operator: OperatorProcess;
  way: Way;
}

let arena: Arena;

beforeAll(async () => {
  arena = await startArena();
});
afterAll(() => arena?.stop());

async function startReplica(way?: Way): Promise<Replica> {
  const own = way ?? (await arena.openWay());
  const operator = await arena.startOperator(own, shortLease);
  await operator.ready();
  return { operator, way: own };
}

async function lease(): Promise<{ holderIdentity?: string; leaseTransitions?: number }> {
  return ((await arena.admin.get(leasePath))?.spec ?? {}) as object;
}

/** Identity of a replica, as it said itself; undefined until it has led. */
function identityOf({ operator }: Replica): string | undefined {
  const line = operator.output.find((one) => one.includes('"msg":"leading"'));
  return line === undefined ? undefined : (JSON.parse(line) as { identity: string }).identity;
}

async function leads(replica: Replica): Promise<boolean> {
  const identity = identityOf(replica);
  return identity !== undefined && (await lease()).holderIdentity === identity;
}

/** Waits until one of them leads. */
function leaderOf(replicas: readonly Replica[]): Promise<Replica> {
  const ask = async () => {
    for (const one of replicas) if (await leads(one)) return one;
    return undefined;
  };
  return poll('a leader', ask, patienceMs);
}

async function workloadIn(namespace: string): Promise<Workload> {
  const { admin, history } = arena;
  await arena.namespace(namespace);
  return createWorkload({ admin, history, namespace, seed, people: 4, accessKeysEach: 5 });
}

async function expectSettled(workload: Workload): Promise<void> {
  await settle(arena);
  await untilNone('the history is complete', workload.complaints);
}

test('the leader is killed with -9 again and again: no pair is lost or doubled', { timeout: testMs }, async () => {
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
  await expectNoWrites(arena, await arena.openWay(), shortLease);
  tell('leader killed', { seed, kills: sizes.leaderKills, ...workload.done });
});

test('SIGTERM gives the Lease back, and the other replica goes on', { timeout: testMs }, async () => {
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
  await expectNoWrites(arena, await arena.openWay(), shortLease);
});

test('a leader that is paused for longer than its Lease writes nothing after another took over', {
  timeout: testMs,
}, async () => {
  const workload = await workloadIn('paused');
  const replicas = [await startReplica(), await startReplica()];
  const former = await leaderOf(replicas);
  const [other] = replicas.filter((one) => one !== former) as [Replica];
  let writes = 0;
  for (let pause = 0; pause < sizes.pauses; pause += 1) {
    const endWork = keepWorking(workload);
    await sleep(300);
    const seenOfOther = other.way.proxy.requests.length;
    former.operator.process.kill('SIGSTOP');
    await leaderOf([other]);
    // What was on its way when it was stopped has come to the proxy by now.
    const seen = former.way.proxy.requests.length;
    former.operator.process.kill('SIGCONT');
    const knows = () =>
      former.operator.output.filter((line) => line.includes('"msg":"no longer leading"')).length > pause;
    await poll('the former leader to know', async () => knows(), patienceMs);
    await endWork();
    expect(writesIn(former.way.proxy.requests.slice(seen))).toEqual([]);
    // Only a settled workload shows what the new leader wrote: it may have taken over a moment ago.
    await expectSettled(workload);
    writes += writesIn(other.way.proxy.requests.slice(seenOfOther)).length;
    expect(writesIn(former.way.proxy.requests.slice(seen))).toEqual([]);
    other.operator.process.kill('SIGSTOP');
    await leaderOf([former]);
    other.operator.process.kill('SIGCONT');
  }
  expect(writes).toBeGreaterThan(0);
  await Promise.all(replicas.map(({ operator }) => operator.stop()));
  await expectNoWrites(arena, await arena.openWay(), shortLease);
  tell('leader paused', { seed, pauses: sizes.pauses, ...workload.done, writesOfTheOther: writes });
});
