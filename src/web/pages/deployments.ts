import type { Pagination } from '../../deployments/kpanda/schema.ts';
import type { State } from '../../deployments/kpanda/state.ts';
import type { View } from '../common/view.ts';
import {
  type DeploymentFilters,
  isFiltered,
  nextSort,
  pageSizes,
  queryOf,
  type SortKey,
} from '../deployments/filters.ts';
import type { DeploymentProblem, DeploymentRow } from '../deployments/row.ts';
import type { MissingPermission } from '../visitor/missing-permission.ts';
import {
  cell,
  type Html,
  html,
  icons,
  imageNames,
  liveMark,
  missingPermissionText,
  notice,
  time,
} from './components.ts';
import { columnName, deploymentsPath, filterForm } from './deployment-filters.ts';
import { layout } from './layout.ts';

export interface DeploymentsPage {
  filters: DeploymentFilters;
  rows: readonly DeploymentRow[];
  pagination: Pagination;
  /** The values of the namespace filter. */
  namespaces: readonly string[];
  /** Whether the namespace of the filter has deployments that the person may view, whatever the other filters. */
  hasNamespace: boolean;
  clusters: readonly string[];
  /** Clusters that are currently unavailable. */
  unavailable: readonly string[];
}

const tones: Record<State, string> = {
  Running: 'good',
  Not_Ready: 'bad',
  Waiting: 'busy',
  Deleting: 'busy',
  Stopped: 'off',
};

export function deploymentsPage(view: View, page: DeploymentsPage): Html {
  const { t } = view;
  return layout(view, {
    title: t('deployments'),
    section: 'deployments',
    content: html`<div class="page">
<div><h1>${t('deployments')}</h1><p class="faint">${t('deploymentsLead')}</p></div>
<section class="card">
${filterForm(view, page)}
${deploymentsArea(view, page)}
</section></div>`,
  });
}

/** The part of the page that the script reloads when a Deployment changes. */
export function deploymentsArea(view: View, page: DeploymentsPage): Html {
  const { t } = view;
  const { filters, rows, unavailable } = page;
  return html`<div id="deployment-list" class="live-area" data-live="${deploymentsPath}/events${queryOf(filters)}" data-fragment="${deploymentsPath}${queryOf(filters, { fragment: '1' })}">
${unavailable.length > 0 && notice({ kind: 'warning', text: t('unavailableClusters', { names: unavailable.join(', ') }) })}
${rows.length === 0 ? emptyList(view, page) : table(view, page)}
${pager(view, page)}</div>`;
}

/** Why the list is empty, with a way back if a filter or the page is the reason. */
function emptyList({ t }: View, { filters, pagination: { total, pages }, ...page }: DeploymentsPage): Html {
  const { cluster, namespace } = filters;
  const show = (text: string, way?: { text: string; filters: Partial<DeploymentFilters> }) =>
    html`<div class="empty">${icons.box}<h2>${t('noDeployments')}</h2><p>${text}</p>${way && html`<a class="button" href="${deploymentsPath}${queryOf({ ...filters, page: 1, ...way.filters })}">${way.text}</a>`}</div>`;
  if (cluster !== undefined && !page.clusters.includes(cluster)) {
    return show(t('unknownCluster', { cluster }), { text: t('allClusters'), filters: { cluster: undefined } });
  }
  if (namespace !== undefined && !page.hasNamespace) {
    return show(t('unknownNamespace', { namespace }), { text: t('allNamespaces'), filters: { namespace: undefined } });
  }
  if (total > 0) {
    const text = t('noSuchPage', { page: filters.page, pages });
    return show(text, { text: t('lastPage'), filters: { page: pages } });
  }
  return show(t(isFiltered(filters) ? 'noMatchesText' : 'noDeploymentsText'));
}

/** Shown to a person who may not list deployments in any namespace. */
export function noDeploymentsPage(view: View, missing: MissingPermission): Html {
  const { t } = view;
  return layout(view, {
    title: t('deployments'),
    section: 'deployments',
    content: html`<div class="page"><section class="card"><h1>${t('deployments')}</h1>${missingPermissionText(view, t('mayNotList'), missing)}</section></div>`,
  });
}

/** @returns the path of the page of a Deployment */
export function deploymentPath({
  cluster,
  namespace,
  name,
}: Pick<DeploymentRow, 'cluster' | 'namespace' | 'name'>): string {
  return [deploymentsPath, ...[cluster, namespace, name].map(encodeURIComponent)].join('/');
}

export function stateBadge({ t }: View, state: State): Html {
  return html`<span class="state ${tones[state]}">${t(`state${state}`)}</span>`;
}

/** @returns what a problem means, with the name of its condition or reason */
export function problemText({ t }: View, { kind }: DeploymentProblem): Html {
  return html`<span class="problem">${t(`problem${kind}`)} <span class="code-word">${kind}</span></span>`;
}

function table(view: View, { rows, clusters, filters }: DeploymentsPage): Html {
  const { t } = view;
  const hasClusters = clusters.length > 1;
  const sortable = (by: SortKey) => sortHeader(view, filters, by);
  return html`<div class="table-frame"><table class="deployments"><caption class="visually-hidden">${t('deploymentsCaption')}</caption>
<thead><tr>${sortable('name')}${sortable('namespace')}${hasClusters && sortable('cluster')}${sortable('state')}
<th scope="col">${t('readyReplicas')}</th><th scope="col">${t('images')}</th>${sortable('created')}</tr></thead>
<tbody>${rows.map(
    (row) => html`<tr><th scope="row"><a class="row-name" href="${deploymentPath(row)}">${row.name}</a></th>
${cell(t('namespace'), row.namespace, 'breakable')}${hasClusters && cell(t('cluster'), row.cluster, 'breakable')}
${cell(t('state'), html`${stateBadge(view, row.state)}${row.problems.map((one) => problemText(view, one))}`, 'states')}
${cell(t('readyReplicas'), `${row.ready}/${row.replicas}`)}
${cell(t('images'), imageNames(row.images), 'images')}
${cell(t('created'), time(row.createdAt, t('unknown')), 'times')}</tr>`,
  )}</tbody></table></div>`;
}

/** A column header with a link that sorts by the column, so that it works without a script. */
function sortHeader(view: View, filters: DeploymentFilters, by: SortKey): Html {
  const { sort } = filters;
  const direction = sort.by !== by ? 'none' : sort.descending ? 'descending' : 'ascending';
  const href = `${deploymentsPath}${queryOf({ ...filters, sort: nextSort(sort, by), page: 1 })}`;
  return html`<th scope="col" aria-sort="${direction}"><a class="sort" href="${href}">${columnName(view, by)}${icons.sort}</a></th>`;
}

function pager(view: View, { filters, pagination: { total, page, pages } }: DeploymentsPage): Html {
  const { t } = view;
  const path = (changed: Partial<DeploymentFilters>) => `${deploymentsPath}${queryOf({ ...filters, ...changed })}`;
  const link = (to: number, text: string) =>
    to >= 1 && to <= pages
      ? html`<a class="button" href="${path({ page: to })}">${text}</a>`
      : html`<span class="faint">${text}</span>`;
  const size = (one: DeploymentFilters['pageSize']) =>
    html`<a href="${path({ pageSize: one, page: 1 })}" aria-current="${one === filters.pageSize ? 'true' : 'false'}" aria-label="${t('perPage', { size: one })}">${one}</a>`;
  return html`<nav class="pager" aria-label="${t('pages')}"><span class="pager-total"><span class="faint">${t('totalItems', { total })}</span>${liveMark(view)}</span>
${pages > 1 && page <= pages && html`<div>${link(page - 1, t('previousPage'))}<span>${t('pageOf', { page, pages })}</span>${link(page + 1, t('nextPage'))}</div>`}
${total > pageSizes[0] && html`<div class="switch-line"><span class="faint">${t('pageSize')}</span><div class="switch">${pageSizes.map(size)}</div></div>`}</nav>`;
}
