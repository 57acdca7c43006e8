import { expect } from 'vitest';
import type { ProxyRequest } from '../../support/fault-proxy.ts';
import { readMetrics } from '../../support/metrics.ts';
import { untilReconciled } from '../../support/reconciliation.ts';
import { untilEmpty } from './admin.ts';
import type { FaultCluster, Link } from './fault-cluster.ts';
import { readWorld, violationsOf } from './invariants.ts';
import { leaksOf } from './leaks.ts';
import { timeoutMs } from './sizes.ts';

/** Write requests, except Lease renewals and access reviews. */
export function writesIn(requests: readonly ProxyRequest[]): string[] {
  const isWrite = ({ method, path }: ProxyRequest) =>
    method !== 'GET' && !/\/(leases|subjectaccessreviews)\b/.test(path);
  return requests.filter(isWrite).map(({ method, path }) => `${method} ${path}`);
}

/** Waits until no invariant is violated. @param attempts see untilEmpty */
export async function settle(cluster: FaultCluster, attempts?: () => number): Promise<void> {
  await untilEmpty('the cluster to settle', async () => violationsOf(await readWorld(cluster.admin)), attempts);
}

/**
 * Checks that a new operator writes nothing when it reconciles every AccessKey of a settled cluster. Other operators must
 * be stopped.
 */
export async function expectNoWrites(cluster: FaultCluster, link: Link, leaderElection: object): Promise<void> {
  const before = await readWorld(cluster.admin);
  expect(before.accessKeys).not.toEqual([]);
  const seen = link.proxy.requests.length;
  const operator = await cluster.startOperator(link, leaderElection);
  await untilReconciled(operator, before.accessKeys.length, timeoutMs);
  expect(writesIn(link.proxy.requests.slice(seen))).toEqual([]);
  const after = await readWorld(cluster.admin);
  expect(after.secrets).toEqual(before.secrets);
  expect(after.accessKeys).toEqual(before.accessKeys);
  expect(await leaksOf(cluster, [await readMetrics(operator)])).toEqual([]);
  expect(await operator.stop()).toBe(0);
}
