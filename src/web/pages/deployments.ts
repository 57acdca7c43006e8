import { type Pagination, WorkloadState } from '../../deployments/kpanda/schema.ts';
import type { State } from '../../deployments/kpanda/state.ts';
import type { View } from '../common/view.ts';
import type { MissingPermission } from '../keys/missing-permission.ts';
import { type Html, html, icons, missingPermissionText, notice, option, time } from './components.ts';
import { layout } from './layout.ts';

const states = WorkloadState.options.filter((one): one is State => one !== 'WORKLOAD_STATE_UNSPECIFIED');

/** The filters of the page, in the query of its URL. */
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

function isFiltered({ search, state, namespace, cluster }: DeploymentFilters): boolean {
  return search !== '' || state !== undefined || namespace !== undefined || cluster !== undefined;
}

/** @returns the URL of the page with these filters */
function pathOf({ search, state, namespace, cluster, page }: DeploymentFilters): string {
  const query = new URLSearchParams({
    ...(search !== '' && { search }),
    ...(state && { state }),
    ...(namespace !== undefined && { namespace }),
    ...(cluster !== undefined && { cluster }),
    ...(page > 1 && { page: String(page) }),
  });
  return query.size === 0 ? '/deployments' : `/deployments?${query}`;
}

export interface DeploymentRow {
  cluster: string;
  namespace: string;
  name: string;
  state: State;
  ready: number;
  replicas: number;
  images: readonly string[];
  /** Milliseconds since the epoch. */
  createdAt: number;
}

export interface DeploymentsPage {
  filters: DeploymentFilters;
  rows: readonly DeploymentRow[];
  pagination: Pagination;
  /** The values of the namespace filter. */
  namespaces: readonly string[];
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
  const empty = page.pagination.total === 0 && !isFiltered(page.filters) ? 'noDeploymentsText' : 'noMatchesText';
  return layout(view, {
    title: t('deployments'),
    section: 'deployments',
    content: html`<div class="page">
<div><h1>${t('deployments')}</h1><p class="faint">${t('deploymentsLead')}</p></div>
${page.unavailable.length > 0 && notice({ kind: 'warning', text: t('unavailableClusters', { names: page.unavailable.join(', ') }) })}
<section class="card">
${filterForm(view, page)}
${page.rows.length === 0 ? html`<div class="empty">${icons.box}<h2>${t('noDeployments')}</h2><p>${t(empty)}</p></div>` : table(view, page)}
${pager(view, page)}
</section></div>`,
  });
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

function filterForm({ t }: View, { filters, namespaces, clusters }: DeploymentsPage): Html {
  const stateNames = states.map((one) => option(one, t(`state${one}`), filters.state));
  return html`<form method="get" action="/deployments" class="filters" role="search">
<div class="field"><label for="search">${t('search')}</label><input id="search" name="search" type="search" value="${filters.search}" placeholder="${t('searchHelp')}"></div>
<div class="field"><label for="state">${t('state')}</label><select id="state" name="state">${option('', t('allStates'), filters.state ?? '')}${stateNames}</select></div>
<div class="field"><label for="namespace">${t('namespace')}</label><select id="namespace" name="namespace">${option('', t('allNamespaces'), filters.namespace ?? '')}${namespaces.map((one) => option(one, one, filters.namespace))}</select></div>
${
  clusters.length > 1 &&
  html`<div class="field"><label for="cluster">${t('cluster')}</label><select id="cluster" name="cluster">${option('', t('allClusters'), filters.cluster ?? '')}${clusters.map((one) => option(one, one, filters.cluster))}</select></div>`
}
<div class="buttons"><a class="button" href="/deployments">${t('reset')}</a><button class="primary">${t('apply')}</button></div>
</form>`;
}

function table({ t }: View, { rows, clusters }: DeploymentsPage): Html {
  const hasClusters = clusters.length > 1;
  const heads = [
    t('name'),
    t('namespace'),
    ...(hasClusters ? [t('cluster')] : []),
    t('state'),
    t('readyReplicas'),
    t('images'),
    t('created'),
  ];
  const cell = (label: string, content: unknown, kind = '') =>
    html`<td data-label="${label}" class="${kind}"><div>${content}</div></td>`;
  return html`<div class="table-frame"><table><caption class="visually-hidden">${t('deploymentsCaption')}</caption>
<thead><tr>${heads.map((one) => html`<th scope="col">${one}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) => html`<tr><th scope="row"><span class="key-name">${row.name}</span></th>
${cell(t('namespace'), row.namespace)}${hasClusters && cell(t('cluster'), row.cluster)}
${cell(t('state'), html`<span class="state ${tones[row.state]}">${t(`state${row.state}`)}</span>`)}
${cell(t('readyReplicas'), `${row.ready} / ${row.replicas}`)}
${cell(t('images'), html`<code>${row.images.join(', ')}</code>`, 'images')}
${cell(t('created'), time(row.createdAt, ''))}</tr>`,
  )}</tbody></table></div>`;
}

function pager({ t }: View, { filters, pagination: { total, page, pages } }: DeploymentsPage): Html {
  const link = (to: number, text: string) =>
    to >= 1 && to <= pages
      ? html`<a class="button" href="${pathOf({ ...filters, page: to })}">${text}</a>`
      : html`<span class="faint">${text}</span>`;
  return html`<nav class="pager" aria-label="${t('pages')}"><span class="faint">${t('totalItems', { total })}</span>
${pages > 1 && html`<div>${link(page - 1, t('previousPage'))}<span>${t('pageOf', { page, pages })}</span>${link(page + 1, t('nextPage'))}</div>`}</nav>`;
}
