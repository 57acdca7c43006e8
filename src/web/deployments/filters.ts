import { WorkloadState } from '../../deployments/kpanda/schema.ts';
import type { State } from '../../deployments/kpanda/state.ts';
import type { OrderBy } from '../../deployments/order.ts';

export const states = WorkloadState.options.filter((one): one is State => one !== 'WORKLOAD_STATE_UNSPECIFIED');
export const sortKeys = ['name', 'namespace', 'cluster', 'state', 'created'] as const satisfies readonly OrderBy[];
export type SortKey = (typeof sortKeys)[number];
export const pageSizes = [20, 50, 100] as const;

/** The order of the list. The default, by namespace, is not in the URL. */
export interface Sort {
  by: SortKey;
  descending: boolean;
}

const defaultSort: Sort = { by: 'namespace', descending: false };

/** The filters, order and page of the list, in the query of its URL. */
export interface DeploymentFilters {
  search: string;
  state: State | undefined;
  namespace: string | undefined;
  cluster: string | undefined;
  sort: Sort;
  page: number;
  pageSize: (typeof pageSizes)[number];
}

/** Larger numbers are replaced with this one, which is out of range as well. */
const maxPage = 999_999;

/** Ignores invalid values, because the URL of a page is not an API. */
export function readFilters(query: Readonly<Record<string, string>>): DeploymentFilters {
  const { search = '', state, namespace, cluster, page = '', size } = query;
  return {
    search: search.trim().slice(0, 253),
    state: states.find((one) => one === state),
    namespace: namespace || undefined,
    cluster: cluster || undefined,
    sort: readSort(query.sort ?? ''),
    page: /^[1-9]\d*$/.test(page) ? Math.min(Number(page), maxPage) : 1,
    pageSize: pageSizes.find((one) => String(one) === size) ?? pageSizes[0],
  };
}

function readSort(text: string): Sort {
  const descending = text.startsWith('-');
  const by = sortKeys.find((one) => one === text.slice(descending ? 1 : 0));
  return by === undefined ? defaultSort : { by, descending };
}

/** @returns the value of the parameter `sort`: the key, with `-` for descending order */
export function sortValue({ by, descending }: Sort): string {
  return `${descending ? '-' : ''}${by}`;
}

/** @returns the order after a click on the header of a column: reversed if the list already has this order */
export function nextSort(current: Sort, by: SortKey): Sort {
  return { by, descending: current.by === by && !current.descending };
}

export function isFiltered({ search, state, namespace, cluster }: DeploymentFilters): boolean {
  return search !== '' || state !== undefined || namespace !== undefined || cluster !== undefined;
}

/** @returns the query of the URL with these filters, empty or with a leading `?` */
export function queryOf(filters: DeploymentFilters, extra: Readonly<Record<string, string>> = {}): string {
  const { search, state, namespace, cluster, sort, page, pageSize } = filters;
  const query = new URLSearchParams({
    ...(search !== '' && { search }),
    ...(state && { state }),
    ...(namespace !== undefined && { namespace }),
    ...(cluster !== undefined && { cluster }),
    ...(sortValue(sort) !== sortValue(defaultSort) && { sort: sortValue(sort) }),
    ...(pageSize !== pageSizes[0] && { size: String(pageSize) }),
    ...(page > 1 && { page: String(page) }),
    ...extra,
  });
  return query.size === 0 ? '' : `?${query}`;
}
