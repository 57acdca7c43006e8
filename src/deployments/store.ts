import { createStore, type Store } from '../kube/store.ts';
import { compareText, comparisons, type OrderBy } from './order.ts';
import type { Runs } from './page.ts';
import type { DeploymentRecord } from './record.ts';
import { createSorted, type Sorted } from './sorted.ts';

/** The Deployments of one cluster, kept in order, so that a page need not sort. */
export interface DeploymentStore extends Store<DeploymentRecord> {
  /** Namespaces that hold a Deployment, in order; the same array until one comes or goes. */
  occupied(): readonly string[];
  /** The Deployments of these namespaces, in ascending order. */
  inOrder(by: OrderBy, namespaces: Iterable<string>): Runs<DeploymentRecord>;
}

interface Whole {
  readonly namespaces: readonly string[];
  readonly runs: Runs<DeploymentRecord>;
}

export function createDeploymentStore(): DeploymentStore {
  const store = createStore<DeploymentRecord>({});
  const byNamespace = new Map<string, Sorted<DeploymentRecord>>();
  const namespaces = createSorted<string>(compareText);
  /** Of all namespaces, until one comes or goes. */
  let whole: Whole | undefined;
  /** Orders over all namespaces; each is made when it is first asked for. */
  const overall = new Map<OrderBy, Sorted<DeploymentRecord>>();

  function add(record: DeploymentRecord): void {
    const { namespace } = record;
    if (!byNamespace.has(namespace)) {
      byNamespace.set(namespace, createSorted(comparisons.name));
      namespaces.add(namespace);
      whole = undefined;
    }
    for (const sorted of [byNamespace.get(namespace), ...overall.values()]) sorted?.add(record);
  }

  function remove(record: DeploymentRecord): void {
    const { namespace } = record;
    for (const sorted of [byNamespace.get(namespace), ...overall.values()]) sorted?.remove(record);
    if (byNamespace.get(namespace)?.values.length !== 0) return;
    byNamespace.delete(namespace);
    namespaces.remove(namespace);
    whole = undefined;
  }

  const runsOf = (some: readonly string[]) => some.map((one) => byNamespace.get(one)?.values ?? []);

  function snapshot(): Whole {
    whole ??= { namespaces: [...namespaces.values], runs: runsOf(namespaces.values) };
    return whole;
  }

  function allBy(by: OrderBy): readonly DeploymentRecord[] {
    const sorted = overall.get(by) ?? createSorted(comparisons[by], store.values());
    overall.set(by, sorted);
    return sorted.values;
  }

  const inAll = (by: OrderBy) => (isByNamespace(by) ? snapshot().runs : [allBy(by)]);

  function inSome(by: OrderBy, wanted: ReadonlySet<string>): Runs<DeploymentRecord> {
    if (isByNamespace(by)) return runsOf(snapshot().namespaces.filter((namespace) => wanted.has(namespace)));
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
    occupied: () => snapshot().namespaces,
    inOrder: (by, asked) => (asked === snapshot().namespaces ? inAll(by) : inSome(by, new Set(asked))),
  };
}

/** In one cluster, the order by cluster is that by namespace. */
const isByNamespace = (by: OrderBy): boolean => by === 'namespace' || by === 'cluster';
