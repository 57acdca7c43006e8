/** The filters of the deployments page, in the query of its URL; pure. */
import { WorkloadState } from '../../deployments/kpanda/schema.ts';
import type { State } from '../../deployments/kpanda/state.ts';

export const states = WorkloadState.options.filter((one): one is State => one !== 'WORKLOAD_STATE_UNSPECIFIED');

export interface DeploymentFilters {
  search: string;
  state: State | undefined;
  namespace: string | undefined;
  cluster: string | undefined;
  page: number;
}

/** Ignores invalid values, because the URL of a page is not an API. */
export function readFilters(query: Readonly<Record<string, string>>): DeploymentFilters {
  const { search = '', state, namespace, cluster, page = '' } = query;
  return {
    search: search.trim().slice(0, 253),
    state: states.find((one) => one === state),
    namespace: namespace || undefined,
    cluster: cluster || undefined,
    page: /^[1-9]\d{0,5}$/.test(page) ? Number(page) : 1,
  };
}

/** @returns the URL of the page with these filters */
export function pathOf({ search, state, namespace, cluster, page }: DeploymentFilters): string {
  const query = new URLSearchParams({
    ...(search !== '' && { search }),
    ...(state && { state }),
    ...(namespace !== undefined && { namespace }),
    ...(cluster !== undefined && { cluster }),
    ...(page > 1 && { page: String(page) }),
  });
  return query.size === 0 ? '/deployments' : `/deployments?${query}`;
}
