import { createStore, type Store } from '../kube/store.ts';
import { compareText, comparisons, createSorted, type OrderBy, type Sorted } from './order.ts';
import type { Runs } from './page.ts';
import type { DeploymentRecord } from './record.ts';

/** The namespaces that a listing includes. */
export type NamespaceScope = 'all' | readonly string[];

/** The Deployments of one cluster, kept sorted, so that a page needs no sorting. */
export interface DeploymentStore extends Store<DeploymentRecord> {
  /** Returns the sorted names of the namespaces that contain Deployments. Later changes do not modify the array. */
  nonEmptyNamespaces(): readonly string[];
  /** Returns the Deployments of these namespaces, in ascending order, as sorted parts of the result (page.ts). */
  inOrder(by: OrderBy, namespaces: NamespaceScope): Runs<DeploymentRecord>;
}

/**
 * The namespaces that contain Deployments (a copy), and their live sorted arrays, so it is outdated only when a namespace
 * is added or removed.
 */
interface NamespaceRuns {
  readonly namespaces: readonly string[];
  readonly runs: Runs<DeploymentRecord>;
}

export function createDeploymentStore(): DeploymentStore {
  const store = createStore<DeploymentRecord>({});
  const byNamespace = new Map<string, Sorted<DeploymentRecord>>();
  const namespaces = createSorted<string>(compareText);
  /** undefined after a namespace was added or removed. */
  let snapshot: NamespaceRuns | undefined;
  /** Orders over all namespaces, each created on first use. */
  const overall = new Map<OrderBy, Sorted<DeploymentRecord>>();

  function add(record: DeploymentRecord): void {
    const { namespace } = record;
    if (!byNamespace.has(namespace)) {
      byNamespace.set(namespace, createSorted(comparisons.name));
      namespaces.add(namespace);
      snapshot = undefined;
    }
    for (const sorted of [byNamespace.get(namespace), ...overall.values()]) sorted?.add(record);
  }

  function remove(record: DeploymentRecord): void {
    const { namespace } = record;
    for (const sorted of [byNamespace.get(namespace), ...overall.values()]) sorted?.remove(record);
    if (byNamespace.get(namespace)?.values.length !== 0) return;
    byNamespace.delete(namespace);
    namespaces.remove(namespace);
    snapshot = undefined;
  }

  const runsOf = (some: readonly string[]) => some.map((one) => byNamespace.get(one)?.values ?? []);

  function namespaceRuns(): NamespaceRuns {
    snapshot ??= { namespaces: [...namespaces.values], runs: runsOf(namespaces.values) };
    return snapshot;
  }

  function allBy(by: OrderBy): readonly DeploymentRecord[] {
    const sorted = overall.get(by) ?? createSorted(comparisons[by], store.values());
    overall.set(by, sorted);
    return sorted.values;
  }

  const inAll = (by: OrderBy) => (isByNamespace(by) ? namespaceRuns().runs : [allBy(by)]);

  function inSome(by: OrderBy, wanted: ReadonlySet<string>): Runs<DeploymentRecord> {
    if (isByNamespace(by)) return runsOf(namespaceRuns().namespaces.filter((namespace) => wanted.has(namespace)));
    return [allBy(by).filter((one) => wanted.has(one.namespace))];
  }

  store.subscribe(({ previous, current }) => {
    if (previous) remove(previous);
    if (current) add(current);
  });
  return {
    ...store,
    get size() {
      return store.size;
    },
    nonEmptyNamespaces: () => namespaceRuns().namespaces,
    inOrder: (by, scope) => (scope === 'all' ? inAll(by) : inSome(by, new Set(scope))),
  };
}

/** Within one cluster, the orders by cluster and by namespace are the same. */
function isByNamespace(by: OrderBy): boolean {
  return by === 'namespace' || by === 'cluster';
}
