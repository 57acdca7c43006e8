/** What people choose on the page of the deployments, from the query of its address: pure. */
import { WorkloadState } from '../../deployments/kpanda/schema.ts';
import type { State } from '../../deployments/kpanda/state.ts';

export const states = WorkloadState.options.filter((one): one is State => one !== 'WORKLOAD_STATE_UNSPECIFIED');

export interface DeploymentChoice {
  search: string;
  state: State | undefined;
  namespace: string | undefined;
  cluster: string | undefined;
  page: number;
}

/** What cannot be is as if it were not chosen: the address of a page is no API. */
export function readChoice(query: Readonly<Record<string, string>>): DeploymentChoice {
  const { search = '', state, namespace, cluster, page = '' } = query;
  return {
    search: search.trim().slice(0, 253),
    state: states.find((one) => one === state),
    namespace: namespace || undefined,
    cluster: cluster || undefined,
    page: /^[1-9]\d{0,5}$/.test(page) ? Number(page) : 1,
  };
}

/** Address of the page with a choice. */
export function pathOf({ search, state, namespace, cluster, page }: DeploymentChoice): string {
  const query = new URLSearchParams({
    ...(search !== '' && { search }),
    ...(state && { state }),
    ...(namespace !== undefined && { namespace }),
    ...(cluster !== undefined && { cluster }),
    ...(page > 1 && { page: String(page) }),
  });
  return query.size === 0 ? '/deployments' : `/deployments?${query}`;
}
