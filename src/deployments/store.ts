import { LRUCache } from 'lru-cache';
import { createStore, type Store } from '../kube/store.ts';
import type { Condition } from './condition.ts';
import { comparisons, type OrderBy } from './order.ts';
import type { Run, Runs } from './page.ts';
import type { DeploymentRecord } from './record.ts';
import { createRowOrders } from './row-orders.ts';
import { maskOf, select } from './row-selection.ts';
import { createTable } from './table.ts';

/** The namespaces that a listing includes. */
export type NamespaceScope = 'all' | readonly string[];

/** The Deployments of one cluster, kept sorted, so that a page needs no sorting. */
export interface DeploymentStore extends Store<DeploymentRecord> {
  /** Returns the sorted names of the namespaces that contain Deployments. Later changes do not modify the array. */
  nonEmptyNamespaces(): readonly string[];
  /**
   * Returns the Deployments of these namespaces that meet all conditions, in ascending order, as sorted parts of the result
   * (page.ts). It is valid until the next change.
   */
  inOrder(
    by: OrderBy,
    namespaces: NamespaceScope,
    conditions?: readonly Condition[] | undefined,
  ): Runs<DeploymentRecord>;
}

/**
 * Bounds of the cached matches, which do not depend on users: what a user may not see is left out afterwards. 250,000 rows
 * take 2 MB.
 */
const cachedMatches = { max: 32, maxSize: 250_000 };
/** Longer filters are not cached, characters. */
const maxCachedFilter = 1_024;
/** Sorting this fraction of the Deployments is faster than selecting them from the sorted whole. */
const smallFraction = 1 / 256;

type Rows = readonly number[];

export function createDeploymentStore(): DeploymentStore {
  const store = createStore<DeploymentRecord>({});
  const table = createTable();
  const orders = createRowOrders(table.get);
  /** Rows by filter and order, of all namespaces. Cleared by each change. */
  const matches = new LRUCache<string, readonly Rows[]>({
    ...cachedMatches,
    sizeCalculation: (rows) => 1 + rows.reduce((sum, { length }) => sum + length, rows.length),
  });

  function whole(by: OrderBy): readonly Rows[] {
    return isByNamespace(by) ? orders.byNamespace().rows : [orders.overall(by)];
  }

  function matching(by: OrderBy, conditions: readonly Condition[]): readonly Rows[] {
    const key = `${isByNamespace(by) ? 'namespace' : by} ${[...conditions.map(({ id }) => id)].sort().join()}`;
    const cached = matches.get(key);
    if (cached) return cached;
    const mask = table.select(conditions);
    const found = whole(by).map((rows) => rows.filter((row) => mask[row] === 1));
    if (key.length <= maxCachedFilter) matches.set(key, found);
    return found;
  }

  function rowsOf(by: OrderBy, conditions: readonly Condition[]): readonly Rows[] {
    return conditions.length === 0 ? whole(by) : matching(by, conditions);
  }

  function inSome(by: OrderBy, wanted: ReadonlySet<string>, conditions: readonly Condition[]): ArrayLike<number>[] {
    const { namespaces } = orders.byNamespace();
    const parts = rowsOf('namespace', conditions).filter((_, index) => wanted.has(namespaces[index] ?? ''));
    if (isByNamespace(by)) return parts;
    const count = parts.reduce((sum, { length }) => sum + length, 0);
    if (count < store.size * smallFraction) {
      return [parts.flat().sort((a, b) => comparisons[by](table.get(a), table.get(b)))];
    }
    // Every order except that by namespace has one part.
    return rowsOf(by, conditions).map((all) => select(all, maskOf(parts, table.size), count));
  }

  store.subscribe(({ previous, current }) => {
    if (matches.size > 0) matches.clear();
    const row = previous && orders.find(previous.namespace, previous.name);
    if (row === undefined) {
      if (current) orders.add(table.add(current));
    } else if (current) {
      orders.change(row, () => table.replace(row, current));
    } else {
      orders.remove(row);
      table.remove(row);
    }
  });
  return {
    ...store,
    get size() {
      return store.size;
    },
    nonEmptyNamespaces: () => orders.byNamespace().namespaces,
    inOrder(by, scope, conditions = []) {
      const rows: readonly ArrayLike<number>[] =
        scope === 'all' ? rowsOf(by, conditions) : inSome(by, new Set(scope), conditions);
      return rows.map((one) => runOf(one, table.get));
    },
  };
}

/** Within one cluster, the orders by cluster and by namespace are the same. */
function isByNamespace(by: OrderBy): boolean {
  return by === 'namespace' || by === 'cluster';
}

function runOf(rows: ArrayLike<number>, get: (row: number) => DeploymentRecord): Run<DeploymentRecord> {
  return {
    length: rows.length,
    at(index) {
      const row = rows[index];
      return row === undefined ? undefined : get(row);
    },
  };
}
