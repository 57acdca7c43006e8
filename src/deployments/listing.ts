import type { Condition } from './condition.ts';
import { maxBriefLength } from './omission.ts';
import { comparisons, type OrderBy } from './order.ts';
import { type Page, type PageRequest, paginate } from './page.ts';
import type { DeploymentRecord } from './record.ts';
import type { DeploymentStore, NamespaceScope } from './store.ts';

/** Longest items of a page, characters: 500 items of the length of `maxBriefLength`. */
const maxPageLength = 500 * maxBriefLength;

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
 * Serializes a page to JSON (schema DeploymentList). If its items have more than 8 million characters, the large ones lack
 * parts (omission.ts), which makes it shorter than that: until a page is sent, it takes several times its size in memory.
 */
export function serializePage({ items, pagination }: Page<DeploymentRecord>): string {
  const length = items.reduce((sum, { text }) => sum + text.length, 0);
  const texts = items.map(({ text, brief }) => (length > maxPageLength ? brief : text));
  return `{"items":[${texts.join(',')}],"pagination":${JSON.stringify(pagination)}}`;
}
