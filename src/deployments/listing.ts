import type { Condition } from './condition.ts';
import { maxBriefSize } from './omission.ts';
import { comparisons, type OrderBy } from './order.ts';
import { type Page, type PageRequest, paginate } from './page.ts';
import type { DeploymentRecord } from './record.ts';
import type { DeploymentStore, NamespaceScope } from './store.ts';

/** Largest items of a page, bytes: 500 items of `maxBriefSize`. */
const maxPageSize = 500 * maxBriefSize;

/** The Deployments of one cluster that a listing includes. */
export interface Source {
  readonly store: DeploymentStore;
  readonly namespaces: NamespaceScope;
}

/** Returns the names of the namespaces of a source; for `all`, those that contain Deployments. */
export function namespacesOf({ store, namespaces }: Source): readonly string[] {
  return namespaces === 'all' ? store.nonEmptyNamespaces() : namespaces;
}

/** Order, filter and page of a listing. */
export interface Query extends PageRequest {
  readonly by: OrderBy;
  readonly descending: boolean;
  /** All must be met (filter.ts); default: none. */
  readonly conditions?: readonly Condition[] | undefined;
}

/** Returns one page of the Deployments of the sources, in one total order. `total` and `pages` count only what matches. */
export function listDeployments(sources: readonly Source[], query: Query): Page<DeploymentRecord> {
  const { by, descending, conditions } = query;
  const runsOfSources = sources.map(({ store, namespaces }) => store.inOrder(by, namespaces, conditions));
  return paginate(runsOfSources, { compare: comparisons[by], descending }, query);
}

/**
 * Serializes a page to JSON (schema DeploymentList), in parts: they are texts of the store, which responses share. If its
 * items have more than 8 MB, the large ones lack parts (omission.ts), which makes it shorter than that.
 */
export function serializePage({ items, pagination }: Page<DeploymentRecord>): readonly string[] {
  const isBrief = isTooLong(items);
  const parts: string[] = [];
  for (const { text, brief } of items) parts.push(parts.length === 0 ? '{"items":[' : ',', isBrief ? brief : text);
  if (parts.length === 0) parts.push('{"items":[');
  parts.push(`],"pagination":${JSON.stringify(pagination)}}`);
  return parts;
}

/** Counts the bytes only if there may be too many of them: a character takes three at most. */
function isTooLong(items: readonly DeploymentRecord[]): boolean {
  const length = items.reduce((sum, { text }) => sum + text.length, 0);
  if (3 * length <= maxPageSize) return false;
  return items.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) > maxPageSize;
}
