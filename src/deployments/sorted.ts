/** Values that are kept in order while they come and go. */
export interface Sorted<T> {
  /** In order. Another array after a change is not promised: read it, do not keep it. */
  readonly values: readonly T[];
  add(value: T): void;
  /** @param value as it was when it was added, or one that compares as equal */
  remove(value: T): void;
}

/**
 * @param compare a total order: 0 only for the same value
 * @param initial in any order
 */
export function createSorted<T>(compare: (a: T, b: T) => number, initial: Iterable<T> = []): Sorted<T> {
  const values = [...initial].sort(compare);
  return {
    values,
    add: (value) => void values.splice(lowerBound(values, value, compare), 0, value),
    remove(value) {
      const at = lowerBound(values, value, compare);
      const found = values[at];
      if (found !== undefined && compare(found, value) === 0) values.splice(at, 1);
    },
  };
}

/** Where the first value is that does not come before this one. */
function lowerBound<T>(values: readonly T[], value: T, compare: (a: T, b: T) => number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(values[middle] as T, value) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
