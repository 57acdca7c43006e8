import type { View } from '../common/view.ts';
import { type DeploymentFilters, type SortKey, sortKeys, sortValue, states } from '../deployments/filters.ts';
import { type Html, html, option } from './components.ts';

export const deploymentsPath = '/deployments';

/** @returns the name of a column */
export function columnName({ t }: View, key: SortKey): string {
  return t(key);
}

/** The values to choose from. */
export interface FilterChoices {
  filters: DeploymentFilters;
  namespaces: readonly string[];
  clusters: readonly string[];
}

/** The filters and, on phones, the order of the list. */
export function filterForm(view: View, { filters, namespaces, clusters }: FilterChoices): Html {
  const { t } = view;
  const stateNames = states.map((one) => option(one, t(`state${one}`), filters.state));
  return html`<form method="get" action="${deploymentsPath}" class="filters" role="search">
<div class="field"><label for="search">${t('search')}</label><input id="search" name="search" type="search" value="${filters.search}" placeholder="${t('searchHelp')}"></div>
<div class="field"><label for="state">${t('state')}</label><select id="state" name="state">${option('', t('allStates'), filters.state ?? '')}${stateNames}</select></div>
<div class="field"><label for="namespace">${t('namespace')}</label><select id="namespace" name="namespace">${option('', t('allNamespaces'), filters.namespace ?? '')}${withSelected(namespaces, filters.namespace).map((one) => option(one, one, filters.namespace))}</select></div>
${
  clusters.length > 1 &&
  html`<div class="field"><label for="cluster">${t('cluster')}</label><select id="cluster" name="cluster">${option('', t('allClusters'), filters.cluster ?? '')}${withSelected(clusters, filters.cluster).map((one) => option(one, one, filters.cluster))}</select></div>`
}
${sortField(view, filters, clusters.length > 1)}
<input type="hidden" name="size" value="${filters.pageSize}">
<div class="buttons"><a class="button" href="${deploymentsPath}">${t('reset')}</a><button class="primary">${t('apply')}</button></div>
</form>`;
}

/** The filter shows what it filters by, even if that no longer exists. */
function withSelected(values: readonly string[], selected: string | undefined): readonly string[] {
  return selected === undefined || values.includes(selected) ? values : [selected, ...values];
}

/** The order as a select, where the table has no header: on phones. */
function sortField(view: View, { sort }: DeploymentFilters, hasClusters: boolean): Html {
  const { t } = view;
  const keys = sortKeys.filter((one) => hasClusters || one !== 'cluster');
  const choices = keys.flatMap((by) => [false, true].map((descending) => ({ by, descending })));
  return html`<div class="field sort-field"><label for="sort">${t('sortBy')}</label><select id="sort" name="sort">${choices.map(
    (one) =>
      option(
        sortValue(one),
        t(one.descending ? 'sortDescending' : 'sortAscending', { column: columnName(view, one.by) }),
        sortValue(sort),
      ),
  )}</select></div>`;
}
