import { compareText } from '../kube/sorted-list.ts';
import type { State } from './kpanda/state.ts';
import type { DeploymentRecord } from './record.ts';

/** Sort keys of a list. */
export type OrderBy = 'namespace' | 'name' | 'state' | 'created' | 'cluster';

/** Comparison for Array.sort; 0 only for a record and itself. */
export type Compare = (a: DeploymentRecord, b: DeploymentRecord) => number;

/** The order of the enum in the kpanda API. */
const ranks: Readonly<Record<State, number>> = { Running: 1, Deleting: 2, Not_Ready: 3, Stopped: 4, Waiting: 5 };

const byCluster: Compare = (a, b) => compareText(a.cluster, b.cluster);
const byNamespace: Compare = (a, b) => compareText(a.namespace, b.namespace);
const byName: Compare = (a, b) => compareText(a.name, b.name);

/**
 * Total ascending orders: records with an equal key are sorted by namespace, then name, then cluster. Text is compared by
 * UTF-16 code units, independent of locale.
 */
export const comparisons: Readonly<Record<OrderBy, Compare>> = {
  namespace: (a, b) => byNamespace(a, b) || byName(a, b) || byCluster(a, b),
  name: (a, b) => byName(a, b) || byNamespace(a, b) || byCluster(a, b),
  state: (a, b) => ranks[a.state] - ranks[b.state] || comparisons.namespace(a, b),
  created: (a, b) => a.createdAt - b.createdAt || comparisons.namespace(a, b),
  cluster: (a, b) => byCluster(a, b) || comparisons.namespace(a, b),
};
