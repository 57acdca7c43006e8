import { compareText, lowerBound } from '../kube/sorted-list.ts';
import { comparisons, type OrderBy } from './order.ts';
import type { DeploymentRecord } from './record.ts';

/** Rows of a table of Deployments in sorted order, kept sorted as rows are added and removed. */
export interface RowOrders {
  /** Returns the row of the Deployment with this namespace and name. */
  find(namespace: string, name: string): number | undefined;
  /** @param row the Deployment must stay in it until the row is removed or changed */
  add(row: number): void;
  remove(row: number): void;
  /** Replaces the Deployment of a row with one with the same namespace and name, by calling `write`. */
  change(row: number, write: () => void): void;
  /** The namespaces and, for each, its rows by name. */
  byNamespace(): NamespaceRows;
  /** All rows. Later changes modify the array. */
  overall(by: OrderBy): readonly number[];
}

/**
 * The sorted names of the namespaces, which later changes do not modify, and their live sorted rows. So this is outdated
 * only when a namespace is added or removed.
 */
export interface NamespaceRows {
  readonly namespaces: readonly string[];
  readonly rows: readonly (readonly number[])[];
}

/** @param get returns the Deployment of a row */
export function createRowOrders(get: (row: number) => DeploymentRecord): RowOrders {
  const inNamespace = new Map<string, Sorted<number>>();
  const namespaces = createSorted<string>(compareText);
  /** undefined after a namespace was added or removed. */
  let snapshot: NamespaceRows | undefined;
  /** Orders over all namespaces, each created on first use. */
  const overall = new Map<OrderBy, Sorted<number>>();
  const compareRows = (by: OrderBy) => (a: number, b: number) => comparisons[by](get(a), get(b));

  function addNamespace(namespace: string): Sorted<number> {
    const sorted = createSorted(compareRows('name'));
    inNamespace.set(namespace, sorted);
    namespaces.add(namespace);
    snapshot = undefined;
    return sorted;
  }

  function removeNamespace(namespace: string): void {
    inNamespace.delete(namespace);
    namespaces.remove(namespace);
    snapshot = undefined;
  }

  function* allRows(): Generator<number> {
    for (const { values } of inNamespace.values()) yield* values;
  }

  return {
    find(namespace, name) {
      const rows = inNamespace.get(namespace)?.values ?? [];
      const row = rows[lowerBound(rows, (one) => compareText(get(one).name, name) < 0)];
      return row !== undefined && get(row).name === name ? row : undefined;
    },
    add(row) {
      const { namespace } = get(row);
      (inNamespace.get(namespace) ?? addNamespace(namespace)).add(row);
      for (const sorted of overall.values()) sorted.add(row);
    },
    remove(row) {
      const { namespace } = get(row);
      const sorted = inNamespace.get(namespace);
      for (const one of [sorted, ...overall.values()]) one?.remove(row);
      if (sorted?.values.length === 0) removeNamespace(namespace);
    },
    change(row, write) {
      for (const sorted of overall.values()) sorted.remove(row);
      write();
      for (const sorted of overall.values()) sorted.add(row);
    },
    byNamespace() {
      snapshot ??= {
        namespaces: [...namespaces.values],
        rows: namespaces.values.map((namespace) => inNamespace.get(namespace)?.values ?? []),
      };
      return snapshot;
    },
    overall(by) {
      const sorted = overall.get(by) ?? createSorted(compareRows(by), allRows());
      overall.set(by, sorted);
      return sorted.values;
    },
  };
}

/** A sorted list that stays sorted through additions and removals. */
interface Sorted<T> {
  /** The sorted values. A change modifies this array in place; copy it to keep it as it is. */
  readonly values: readonly T[];
  add(value: T): void;
  /** @param value the added value, or one that compares as equal */
  remove(value: T): void;
}

/**
 * @param compare a total order: 0 only for the same value
 * @param initial in any order
 */
function createSorted<T>(compare: (a: T, b: T) => number, initial: Iterable<T> = []): Sorted<T> {
  const values = [...initial].sort(compare);
  const indexOf = (value: T) => lowerBound(values, (one) => compare(one, value) < 0);
  return {
    values,
    add: (value) => void values.splice(indexOf(value), 0, value),
    remove(value) {
      const at = indexOf(value);
      const found = values[at];
      if (found !== undefined && compare(found, value) === 0) values.splice(at, 1);
    },
  };
}
