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
 * pages. With one source the cost is that of the runs and the page; several sources are merged up to the end of the page.
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
  const total = sources.flat().reduce((sum, run) => sum + run.length, 0);
  const start = (page - 1) * pageSize;
  const items = start < total ? cut(sources, { compare, descending }, { start, size: pageSize }) : [];
  return { items, pagination: { total, page, pageSize, pages: Math.ceil(total / pageSize) } };
}

function cut<T>(
  sources: readonly Runs<T>[],
  { compare, descending }: Required<Direction<T>>,
  { start, size }: { start: number; size: number },
): T[] {
  const [only, ...others] = sources;
  if (only && others.length === 0) return take(walk(only, descending, start), 0, size);
  const walks = sources.map((runs) => walk(runs, descending, 0));
  return take(merge(walks, descending ? (a, b) => compare(b, a) : compare), start, size);
}

/** Iterates over the items of the runs, without the first `skip`. */
function* walk<T>(runs: Runs<T>, descending: boolean, skip: number): Generator<T, undefined> {
  let left = skip;
  for (const run of descending ? runs.toReversed() : runs) {
    for (let index = left; index < run.length; index += 1)
      yield run.at(descending ? run.length - 1 - index : index) as T;
    left = Math.max(0, left - run.length);
  }
}

/** Merges sorted iterators. */
function* merge<T>(
  walks: readonly Generator<T, undefined>[],
  compare: (a: T, b: T) => number,
): Generator<T, undefined> {
  const heads = walks.map((one) => ({ walk: one, next: one.next() }));
  for (;;) {
    let first: (typeof heads)[number] | undefined;
    for (const head of heads) {
      if (head.next.done) continue;
      if (!first || first.next.done || compare(head.next.value, first.next.value) < 0) first = head;
    }
    if (!first || first.next.done) return;
    yield first.next.value;
    first.next = first.walk.next();
  }
}

function take<T>(items: Generator<T, undefined>, skip: number, count: number): T[] {
  const taken: T[] = [];
  let index = 0;
  for (const item of items) {
    if (index >= skip) taken.push(item);
    index += 1;
    if (taken.length === count) break;
  }
  return taken;
}

function requirePositive(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be an integer of at least 1`);
}
