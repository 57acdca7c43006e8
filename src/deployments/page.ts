import { bisect, lowerBound } from '../kube/sorted-list.ts';
import type { Pagination } from './kpanda/schema.ts';

/** A sorted list. */
export interface Run<T> {
  readonly length: number;
  at(index: number): T | undefined;
}

/** Sorted lists whose concatenation is sorted, so that a page can be cut without concatenating them. */
export type Runs<T> = readonly Run<T>[];

/** A page number, starting at 1, and the items per page. Both are integers of at least 1. */
export interface PageRequest {
  readonly page: number;
  readonly pageSize: number;
}

/** A sort order and its direction. */
export interface Direction<T> {
  /** The total ascending order of the runs. */
  readonly compare: (a: T, b: T) => number;
  /** Exactly the reverse of the ascending order. */
  readonly descending?: boolean;
}

/** The items of a page, and its position in the list. */
export interface Page<T> {
  readonly items: T[];
  readonly pagination: Pagination;
}

/**
 * Cuts one page out of the merged sources. A page past the end is empty, with the true total; without items there are 0
 * pages. The cost grows with the runs, the page, and the logarithm of the number of items; only the items of the page are
 * merged.
 *
 * @throws {RangeError} if page or pageSize is not an integer of at least 1
 */
export function paginate<T>(
  sources: readonly Runs<T>[],
  { compare, descending = false }: Direction<T>,
  { page, pageSize }: PageRequest,
): Page<T> {
  requirePositive('page', page);
  requirePositive('pageSize', pageSize);
  const lists = sources.map(concatenate);
  const total = lists.reduce((sum, { length }) => sum + length, 0);
  const start = Math.min((page - 1) * pageSize, total);
  const count = Math.min(pageSize, total - start);
  const items = cut(lists, compare, { start: descending ? total - start - count : start, count });
  if (descending) items.reverse();
  return { items, pagination: { total, page, pageSize, pages: Math.ceil(total / pageSize) } };
}

/** Views runs as one list. */
function concatenate<T>(runs: Runs<T>): Run<T> {
  const ends: number[] = [];
  let length = 0;
  for (const run of runs) {
    length += run.length;
    ends.push(length);
  }
  return {
    length,
    at(index) {
      const number = lowerBound(ends, (end) => end <= index);
      return runs[number]?.at(index - (ends[number - 1] ?? 0));
    },
  };
}

type Compare<T> = Direction<T>['compare'];

/** Returns `count` items from `start` of the merged lists, which must have that many. */
function cut<T>(
  lists: readonly Run<T>[],
  compare: Compare<T>,
  { start, count }: { start: number; count: number },
): T[] {
  const from = advance(lists, compare, { from: lists.map(() => 0), count: start });
  const to = advance(lists, compare, { from, count });
  const items = lists.flatMap((list, number) => slice(list, from[number] ?? 0, to[number] ?? 0));
  return items.sort(compare);
}

function slice<T>(list: Run<T>, from: number, to: number): T[] {
  return Array.from({ length: to - from }, (_, index) => list.at(from + index) as T);
}

/**
 * Finds the positions in the lists after the next `count` items of the merged lists, without merging them: each step
 * compares one item with the others by binary search, and so excludes what comes before or after it.
 *
 * @param from the positions of the first items
 */
function advance<T>(
  lists: readonly Run<T>[],
  compare: Compare<T>,
  { from, count }: { from: readonly number[]; count: number },
): readonly number[] {
  const rest = lists.reduce((sum, { length }, number) => sum + length - (from[number] ?? 0), -count);
  /** The positions lie between these: no list has more than `count` of the items, nor more than `rest` of the others. */
  let low: readonly number[] = lists.map(({ length }, number) => Math.max(from[number] ?? 0, length - rest));
  let high = lists.map(({ length }, number) => Math.min(length, (from[number] ?? 0) + count));
  for (let left = count - distance(from, low); distance(low, high) > left; ) {
    const chosen = middleList(low, high);
    const middle = ((low[chosen] ?? 0) + (high[chosen] ?? 0)) >>> 1;
    const pivot = lists[chosen]?.at(middle) as T;
    const isBefore = (list: Run<T>) => (index: number) => compare(list.at(index) as T, pivot) < 0;
    const split = lists.map((list, number) => bisect(low[number] ?? 0, high[number] ?? 0, isBefore(list)));
    const before = distance(low, split);
    if (before >= left) high = split;
    else {
      left -= before + 1;
      low = split.with(chosen, middle + 1);
    }
  }
  return high;
}

const distance = (low: readonly number[], high: readonly number[]) =>
  high.reduce((sum, end, number) => sum + end - (low[number] ?? 0), 0);

/** Returns the number of the list that has the middle of what lies between the positions, as if it was concatenated. */
function middleList(low: readonly number[], high: readonly number[]): number {
  let left = distance(low, high) >>> 1;
  return high.findIndex((end, number) => {
    left -= end - (low[number] ?? 0);
    return left < 0;
  });
}

function requirePositive(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be an integer of at least 1`);
}
