import { comparisons, type OrderBy } from './order.ts';
import { type Page, type PageRequest, paginate } from './page.ts';
import type { DeploymentRecord } from './record.ts';
import type { DeploymentStore } from './store.ts';

/** Where Deployments are listed, and in which namespaces. */
export interface Source {
  readonly store: DeploymentStore;
  readonly namespaces: Iterable<string>;
}

/** What is listed of the sources. */
export interface Query extends PageRequest {
  readonly by: OrderBy;
  readonly descending: boolean;
  /** Which Deployments; without it, all. Then a page costs the page, with it each Deployment is looked at. */
  readonly matches?: ((record: DeploymentRecord) => boolean) | undefined;
}

/**
 * One page of the Deployments of the sources, in one total order; total and pages count what is in these namespaces and
 * matches, nothing else.
 */
export function listDeployments(sources: readonly Source[], query: Query): Page<DeploymentRecord> {
  const { by, descending, matches } = query;
  const runs = sources.map(({ store, namespaces }) => {
    const all = store.inOrder(by, namespaces);
    return matches ? all.map((run) => run.filter(matches)) : all;
  });
  return paginate(runs, { compare: comparisons[by], descending }, query);
}

/** A page as JSON (schema DeploymentList). */
export function listText({ items, pagination }: Page<DeploymentRecord>): string {
  return `{"items":[${items.map(({ text }) => text).join(',')}],"pagination":${JSON.stringify(pagination)}}`;
}
