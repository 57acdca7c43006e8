import type { DeploymentRecord } from './record.ts';
import type { State } from './state.ts';

/** What a list can be ordered by. */
export type OrderBy = 'namespace' | 'name' | 'state' | 'created' | 'cluster';

/** Compares as Array.sort wants it; 0 only for a record and itself. */
export type Compare = (a: DeploymentRecord, b: DeploymentRecord) => number;

/** In the sequence of the kpanda API's enum. */
const ranks: Readonly<Record<State, number>> = { Running: 1, Deleting: 2, Not_Ready: 3, Stopped: 4, Waiting: 5 };

const byCluster: Compare = (a, b) => compareText(a.cluster, b.cluster);
const byNamespace: Compare = (a, b) => compareText(a.namespace, b.namespace);
const byName: Compare = (a, b) => compareText(a.name, b.name);

/**
 * Total orders, all ascending: what is equal by the key is ordered by namespace, then name, then cluster. Text is
 * compared by UTF-16 code units, which depends on no locale.
 */
export const comparisons: Readonly<Record<OrderBy, Compare>> = {
  namespace: (a, b) => byNamespace(a, b) || byName(a, b) || byCluster(a, b),
  name: (a, b) => byName(a, b) || byNamespace(a, b) || byCluster(a, b),
  state: (a, b) => ranks[a.state] - ranks[b.state] || comparisons.namespace(a, b),
  created: (a, b) => a.createdAt - b.createdAt || comparisons.namespace(a, b),
  cluster: (a, b) => byCluster(a, b) || comparisons.namespace(a, b),
};

/** Compares by UTF-16 code units. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
