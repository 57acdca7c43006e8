import { expect } from 'vitest';
import type { OperatorProcess } from '../../../tools/operator-process.ts';
import { poll } from '../../../tools/poll.ts';
import type { ProxyRequest } from '../../support/fault-proxy.ts';
import { untilNone } from './admin.ts';
import type { Arena, Way } from './arena.ts';
import { complaintsOf, readWorld } from './invariants.ts';
import { leaksOf, readMetrics } from './leaks.ts';
import { patienceMs } from './sizes.ts';

/** Requests that write, but renewals of the Lease and reviews, which change nothing. */
export function writesIn(requests: readonly ProxyRequest[]): string[] {
  const isWrite = ({ method, path }: ProxyRequest) =>
    method !== 'GET' && !/\/(leases|subjectaccessreviews)\b/.test(path);
  return requests.filter(isWrite).map(({ method, path }) => `${method} ${path}`);
}

/** Waits until there is nothing to complain about, with faults or without. */
export async function settle(arena: Arena): Promise<void> {
  await untilNone('everything settles', async () => complaintsOf(await readWorld(arena.admin)));
}

/**
 * Checks that a settled cluster stays as it is: an operator that starts anew and looks at every AccessKey writes nothing.
 *
 * @param stop ends the operators that run
 */
export async function expectNoWrites(arena: Arena, way: Way, leaderElection: object): Promise<void> {
  const before = await readWorld(arena.admin);
  const seen = way.proxy.requests.length;
  const operator = await arena.startOperator(way, leaderElection);
  await untilLookedAt(operator, before.accessKeys.length);
  expect(writesIn(way.proxy.requests.slice(seen))).toEqual([]);
  const after = await readWorld(arena.admin);
  expect(after.secrets).toEqual(before.secrets);
  expect(after.accessKeys).toEqual(before.accessKeys);
  expect(await leaksOf(arena, [await readMetrics(operator)])).toEqual([]);
  expect(await operator.stop()).toBe(0);
}

/** Waits until an operator has looked at so many AccessKeys since its start, and none waits. */
export async function untilLookedAt(operator: OperatorProcess, accessKeys: number): Promise<void> {
  await poll('a pass over everything', () => hasHandled(operator, accessKeys), patienceMs);
}

async function hasHandled(operator: OperatorProcess, accessKeys: number): Promise<boolean> {
  const metrics = await readMetrics(operator);
  const value = (pattern: RegExp) => Number(pattern.exec(metrics)?.[1] ?? 0);
  const handled = value(/^workqueue_work_duration_seconds_count\{[^}]*\} (\d+)/m);
  return handled >= accessKeys && value(/^workqueue_depth\{[^}]*\} (\d+)/m) === 0;
}
