import type { Pagination } from './schema.ts';

/** What has a namespace and a name: an item of the listing, or a Kubernetes object. */
export interface Identified {
  readonly metadata?: { readonly namespace?: string; readonly name?: string };
}

/** Which page, counted from 1, and how many items make one. Both are whole numbers of at least 1. */
export interface PageRequest {
  readonly page: number;
  readonly pageSize: number;
}

/** A page of items, and where it is in the whole list. */
export interface Page<T> {
  readonly items: T[];
  readonly pagination: Pagination;
}

/**
 * Compares by namespace, then by name, in the order of UTF-16 code units, which depends on no locale. Total in one
 * cluster, where the two identify an object.
 */
export function compareItems(a: Identified, b: Identified): number {
  return (
    compareText(a.metadata?.namespace ?? '', b.metadata?.namespace ?? '') ||
    compareText(a.metadata?.name ?? '', b.metadata?.name ?? '')
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * Cuts one page out of `items`. A page past the end is empty, with the true total; without items there are 0 pages.
 *
 * @throws {RangeError} for a page or pageSize that is not a whole number of at least 1
 */
export function paginate<T>(items: readonly T[], { page, pageSize }: PageRequest): Page<T> {
  requirePositive('page', page);
  requirePositive('pageSize', pageSize);
  const total = items.length;
  const start = (page - 1) * pageSize;
  return {
    items: items.slice(start, start + pageSize),
    pagination: { total, page, pageSize, pages: Math.ceil(total / pageSize) },
  };
}

function requirePositive(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number of at least 1`);
}
