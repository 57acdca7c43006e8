import { createStore, type Store } from '../kube/store.ts';
import { compareText, comparisons, type OrderBy } from './order.ts';
import type { Runs } from './page.ts';
import type { DeploymentRecord } from './record.ts';
import { createSorted, type Sorted } from './sorted.ts';

/** The Deployments of one cluster, kept in order, so that a page need not sort. */
export interface DeploymentStore extends Store<DeploymentRecord> {
  /** Namespaces that hold a Deployment, in order. */
  occupied(): readonly string[];
  /** The Deployments of these namespaces, in ascending order. */
  inOrder(by: OrderBy, namespaces: Iterable<string>): Runs<DeploymentRecord>;
}

export function createDeploymentStore(): DeploymentStore {
  const store = createStore<DeploymentRecord>({});
  const byNamespace = new Map<string, Sorted<DeploymentRecord>>();
  const namespaces = createSorted<string>(compareText);
  /** Orders over all namespaces; each is made when it is first asked for. */
  const overall = new Map<OrderBy, Sorted<DeploymentRecord>>();

  function add(record: DeploymentRecord): void {
    const { namespace } = record;
    if (!byNamespace.has(namespace)) {
      byNamespace.set(namespace, createSorted(comparisons.name));
      namespaces.add(namespace);
    }
    for (const sorted of [byNamespace.get(namespace), ...overall.values()]) sorted?.add(record);
  }

  function remove(record: DeploymentRecord): void {
    const { namespace } = record;
    for (const sorted of [byNamespace.get(namespace), ...overall.values()]) sorted?.remove(record);
    if (byNamespace.get(namespace)?.values.length !== 0) return;
    byNamespace.delete(namespace);
    namespaces.remove(namespace);
  }

  function allBy(by: OrderBy): readonly DeploymentRecord[] {
    const sorted = overall.get(by) ?? createSorted(comparisons[by], store.values());
    overall.set(by, sorted);
    return sorted.values;
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
    occupied: () => [...namespaces.values],
    inOrder(by, asked) {
      const wanted = new Set(asked);
      const visible = namespaces.values.filter((namespace) => wanted.has(namespace));
      // In one cluster, the order by cluster is that by namespace.
      if (by === 'namespace' || by === 'cluster') return visible.map((one) => byNamespace.get(one)?.values ?? []);
      const all = allBy(by);
      return [visible.length === namespaces.values.length ? all : all.filter((one) => wanted.has(one.namespace))];
    },
  };
}
