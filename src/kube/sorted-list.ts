/** A large list that is read sorted, although it changes often. */
export interface SortedList<T> {
  /** Call this for each value that is new in the source. */
  add(value: T): void;
  /** Call this for each value that is no longer in the source. */
  remove(value: T): void;
  /** @returns the values in order; a later call may modify this array */
  values(): readonly T[];
}

/** Each insertion moves the values behind it: with more changes than this, sorting the list again is faster. */
const maxInsertions = 64;

/**
 * Nothing is sorted before it is read, and changes are applied when it is read the next time.
 *
 * @param compare a total order: 0 only for the same value
 * @param source the values in any order, read once
 */
export function createSortedList<T>(compare: (a: T, b: T) => number, source: () => Iterable<T>): SortedList<T> {
  let sorted: T[] | undefined;
  const added = new Set<T>();
  const removed = new Set<T>();

  function insertOrDelete(values: T[]): void {
    const indexOf = (value: T) => lowerBound(values, (one) => compare(one, value) < 0);
    for (const value of removed) if (values[indexOf(value)] === value) values.splice(indexOf(value), 1);
    for (const value of added) values.splice(indexOf(value), 0, value);
  }

  function apply(values: T[]): T[] {
    if (added.size + removed.size <= maxInsertions) {
      insertOrDelete(values);
      return values;
    }
    // Sorting is linear, because only the end is not in order.
    return [...values.filter((value) => !removed.has(value)), ...added].sort(compare);
  }

  return {
    add(value) {
      if (sorted && !removed.delete(value)) added.add(value);
    },
    remove(value) {
      if (sorted && !added.delete(value)) removed.add(value);
    },
    values() {
      sorted = sorted ? apply(sorted) : [...source()].sort(compare);
      added.clear();
      removed.clear();
      return sorted;
    },
  };
}

/** Compares by UTF-16 code units, independent of locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * Returns the index of the first value that is not less than the one that is searched for.
 *
 * @param isLess must be true for the values up to this index, and false for the others
 */
export function lowerBound<T>(values: readonly T[], isLess: (value: T) => boolean): number {
  return bisect(0, values.length, (index) => isLess(values[index] as T));
}

/** Returns the first index from `low` for which `isBefore` is false, or `high`. It must be true for all before it. */
export function bisect(low: number, high: number, isBefore: (index: number) => boolean): number {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (isBefore(middle)) from = middle + 1;
    else to = middle;
  }
  return from;
}
