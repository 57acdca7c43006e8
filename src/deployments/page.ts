import type { Pagination } from './schema.ts';

/** Lists that are in order, each and in their sequence: the whole need not be put together to cut a page. */
export type Runs<T> = readonly (readonly T[])[];

/** Which page, counted from 1, and how many items make one. Both are whole numbers of at least 1. */
export interface PageRequest {
  readonly page: number;
  readonly pageSize: number;
}

/** An order, and which end of it comes first. */
export interface Direction<T> {
  /** Total, ascending; the order of the runs. */
  readonly compare: (a: T, b: T) => number;
  /** From the last to the first: exactly the reverse. */
  readonly descending?: boolean;
}

/** A page of items, and where it is in the whole list. */
export interface Page<T> {
  readonly items: T[];
  readonly pagination: Pagination;
}

/**
 * Cuts one page out of what the sources have together. A page past the end is empty, with the true total; without items
 * there are 0 pages.
 *
 * Of one source, only the runs are counted and the items of the page touched; several are merged up to the page's end.
 *
 * @throws {RangeError} for a page or pageSize that is not a whole number of at least 1
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
  const items = start < total ? cut(sources, compare, descending, start, pageSize) : [];
  return { items, pagination: { total, page, pageSize, pages: Math.ceil(total / pageSize) } };
}

function cut<T>(
  sources: readonly Runs<T>[],
  compare: (a: T, b: T) => number,
  descending: boolean,
  start: number,
  size: number,
): T[] {
  const [only, ...others] = sources;
  if (only && others.length === 0) return take(walk(only, descending, start), 0, size);
  const walks = sources.map((runs) => walk(runs, descending, 0));
  return take(merge(walks, descending ? (a, b) => compare(b, a) : compare), start, size);
}

/** The items of runs one after another, without the first `skip`. */
function* walk<T>(runs: Runs<T>, descending: boolean, skip: number): Generator<T, undefined> {
  let left = skip;
  for (const run of descending ? runs.toReversed() : runs) {
    for (let index = left; index < run.length; index += 1) yield run[descending ? run.length - 1 - index : index] as T;
    left = Math.max(0, left - run.length);
  }
}

/** What several walks give, each time the first of what they have next. */
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
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number of at least 1`);
}
