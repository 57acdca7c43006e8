import type { Condition, DeploymentItem } from '../../deployments/kpanda/schema.ts';
import type { View } from '../common/view.ts';
import type { DeploymentRow } from '../deployments/row.ts';
import { cell, fact, type Html, html, imageNames, liveMark, notice, time } from './components.ts';
import { deploymentsPath } from './deployment-filters.ts';
import { deploymentPath, problemText, stateBadge } from './deployments.ts';
import { layout } from './layout.ts';

export interface DeploymentPage {
  row: DeploymentRow;
  item: DeploymentItem;
}

/** The page of one Deployment. */
export function deploymentPage(view: View, page: DeploymentPage): Html {
  const { t } = view;
  const { name } = page.row;
  return layout(view, {
    title: name,
    section: 'deployments',
    content: html`<div class="page">
<nav class="crumbs" aria-label="${t('breadcrumb')}"><a href="${deploymentsPath}">${t('deployments')}</a></nav>
<h1 class="breakable">${name}</h1>
${deploymentArea(view, page)}</div>`,
  });
}

/** The part of the page that the script reloads when the Deployment changes. */
export function deploymentArea(view: View, { row, item }: DeploymentPage): Html {
  const { t } = view;
  const path = deploymentPath(row);
  return html`<div id="deployment" class="live-area" data-live="${path}/events" data-fragment="${path}?fragment=1">
${row.problems.map((one) => notice({ kind: 'error', text: html`${problemText(view, one)}<p class="breakable">${one.message}</p>` }))}
<section class="card" aria-labelledby="overview-title">
<div class="card-head"><div><h2 id="overview-title">${t('overview')}</h2>${liveMark(view)}</div></div>
<dl class="facts">
${fact(t('state'), stateBadge(view, row.state))}
${fact(t('readyReplicas'), `${row.ready}/${row.replicas}`)}
${fact(t('availableReplicas'), String(item.status.availableReplicas))}
${fact(t('namespace'), row.namespace)}
${fact(t('cluster'), row.cluster)}
${fact(t('images'), lines(row.images.map((image) => imageNames([image]))))}
${fact(t('strategy'), item.spec.strategy?.type || undefined)}
${fact(t('revision'), item.revision === '0' ? undefined : item.revision)}
${fact(t('created'), time(row.createdAt, t('unknown')))}
${fact(t('labels'), labelList(view, item))}
</dl></section>
${conditionsCard(view, item.status.conditions)}</div>`;
}

/** Shown in place of the live part once the Deployment is deleted, or no longer visible. */
export function deploymentGone({ t }: View, path: string): Html {
  return html`<div id="deployment" class="live-area" data-live="${path}/events" data-fragment="${path}?fragment=1">
${notice({ kind: 'warning', text: t('deploymentNotFound') })}</div>`;
}

function conditionsCard(view: View, conditions: readonly Condition[]): Html {
  const { t } = view;
  const heads = [
    t('conditionType'),
    t('conditionStatus'),
    t('conditionReason'),
    t('conditionMessage'),
    t('lastChange'),
  ];
  return html`<section class="card" aria-labelledby="conditions-title"><h2 id="conditions-title">${t('conditions')}</h2>
${
  conditions.length === 0
    ? html`<p class="faint">${t('noConditions')}</p>`
    : html`<div class="table-frame"><table class="conditions"><caption class="visually-hidden">${t('conditions')}</caption>
<thead><tr>${heads.map((one) => html`<th scope="col">${one}</th>`)}</tr></thead>
<tbody>${conditions.map(
        (one) => html`<tr><th scope="row"><span class="row-name">${one.type}</span></th>
${cell(t('conditionStatus'), one.status)}${cell(t('conditionReason'), one.reason, 'breakable reason')}
${cell(t('conditionMessage'), one.message, 'breakable')}${cell(t('lastChange'), time(one.lastTransitionTime || undefined, t('unknown')), 'times')}</tr>`,
      )}</tbody></table></div>`
}</section>`;
}

function labelList({ t }: View, { metadata: { labels } }: DeploymentItem): Html | string {
  const pairs = Object.entries(labels);
  if (pairs.length === 0) return t('none');
  return html`<ul class="chips">${pairs.map(([key, value]) => html`<li><code>${value === '' ? key : `${key}=${value}`}</code></li>`)}</ul>`;
}

const lines = (items: readonly Html[]) => html`${items.map((one) => html`<div>${one}</div>`)}`;
