import { type Html, html } from '../common/html.ts';
import { formatTime, type View } from '../common/view.ts';
import type { KeyPairEdit } from '../keys/managed-fields.ts';
import type { KeyRow, KeyTable } from '../keys/rows.ts';
import { icons } from './icons.ts';
import { copyButton, formToken, notice, time } from './parts.ts';

/** What the dot of a state looks like. */
const tones: Record<KeyRow['state'], string> = {
  Active: 'good',
  Rotating: 'busy',
  Pending: 'busy',
  Disabled: 'off',
  Expired: 'bad',
  Conflict: 'bad',
};

/**
 * The part of the page that changes by itself: what is told of the AccessKey, the button and the table.
 *
 * @param mayManage whether the sign-in lets one change anything
 */
export function keyTableSection(view: View, table: KeyTable, mayManage: boolean): Html {
  const { t } = view;
  return html`<div id="keys" data-live="/personal-center/access-keys/events" data-fragment="/personal-center/access-keys?fragment=1">
${table.suspended && notice({ kind: 'warning', text: t('suspendedText') })}
${table.problem !== undefined && notice({ kind: 'warning', text: table.problem })}
${table.listManager !== undefined && notice({ kind: 'info', text: t('managedList', { manager: table.listManager }) })}
${!mayManage && notice({ kind: 'info', text: t('viewOnly') })}
<section class="card" aria-labelledby="keys-title">
<div class="card-head"><div><h2 id="keys-title">${t('accessKeys')}</h2><span class="live" hidden>${t('live')}</span></div>${createButton(view, table, mayManage)}</div>
${table.rows.length === 0 ? emptyTable(view) : rows(view, table, mayManage)}
</section>
</div>`;
}

function createButton({ t }: View, { addingRefused, listManager }: KeyTable, mayManage: boolean): Html {
  const reason =
    (!mayManage && t('refusedViewOnly')) ||
    (listManager !== undefined && t('refusedManaged', { manager: listManager })) ||
    (addingRefused && t(addingRefused.key, addingRefused.values));
  if (!reason)
    return html`<a class="button primary" href="/personal-center/access-keys/new">${icons.plus}${t('createKey')}</a>`;
  return html`<div class="refused"><button class="primary" aria-disabled="true" aria-describedby="create-reason" type="button" data-disabled>${icons.plus}${t('createKey')}</button>
<p id="create-reason" class="help">${reason}</p></div>`;
}

function emptyTable({ t }: View): Html {
  return html`<div class="empty">${icons.key}<h3>${t('noPairsTitle')}</h3><p>${t('noPairsText')}</p></div>`;
}

function rows(view: View, table: KeyTable, mayManage: boolean): Html {
  const { t } = view;
  const heads = [
    t('name'),
    t('state'),
    t('accessKeyId'),
    t('created'),
    t('expires'),
    t('lastUsed'),
    t('nextRotation'),
    t('revision'),
  ];
  return html`<div class="table-frame"><table class="keys">
<caption class="visually-hidden">${t('tableCaption')}</caption>
<thead><tr>${heads.map((one) => html`<th scope="col">${one}</th>`)}<th scope="col"><span class="visually-hidden">${t('actions')}</span></th></tr></thead>
<tbody>${table.rows.map((row) => keyRow(view, table, row, mayManage))}</tbody>
</table></div>`;
}

function keyRow(view: View, table: KeyTable, row: KeyRow, mayManage: boolean): Html {
  const { t } = view;
  const cell = (label: string, content: unknown) => html`<td data-label="${label}"><div>${content}</div></td>`;
  const ak =
    row.ak === undefined
      ? html`<span class="faint">${t('notYet')}</span>`
      : html`<code>${row.ak}</code>${copyButton(view, row.ak, t('accessKeyId'))}`;
  return html`<tr id="key-${row.name}">
<th scope="row"><span class="key-name">${row.name}</span>${row.description && html`<span class="faint description">${row.description}</span>`}${managedNote(view, row)}</th>
${cell(t('state'), state(view, row))}
${cell(t('accessKeyId'), html`<span class="ak">${ak}</span>`)}
${cell(t('created'), time(row.createdAt, t('notYet')))}
${cell(t('expires'), time(row.expiresAt, t('never')))}
${cell(t('lastUsed'), time(row.lastUsedAt, t('never')))}
${cell(t('nextRotation'), time(row.nextRotationAt, t('none')))}
${cell(t('revision'), String(row.revision))}
<td class="row-menu">${mayManage && rowMenu(view, table, row)}</td>
</tr>`;
}

function state({ t }: View, { state: value, previousUntil }: KeyRow): Html {
  return html`<span class="state ${tones[value]}">${t(`state${value}`)}</span>${
    previousUntil !== undefined &&
    html`<span class="faint small-text">${t('previousUntil', { time: formatTime(previousUntil) })}</span>`
  }`;
}

function managedNote({ t }: View, { managers }: KeyRow): Html {
  const names = [...new Set(Object.values(managers))];
  return html`${names.map((manager) => html`<span class="badge">${t('managedBy', { manager })}</span>`)}`;
}

function rowMenu(view: View, table: KeyTable, row: KeyRow): Html {
  const { t } = view;
  const base = `/personal-center/access-keys/${row.name}`;
  const link = (action: KeyPairEdit, text: string, tone = '') =>
    reasonOf(view, row, action, text) ?? html`<a class="${tone}" href="${base}/${action}">${text}</a>`;
  const toggle = row.enabled ? 'disable' : 'enable';
  const toggleText = row.enabled ? t('disable') : t('enable');
  return html`<details class="menu" id="menu-${row.name}">
<summary aria-label="${t('actionsFor', { pair: row.name })}" class="icon-button">${icons.more}</summary>
<div class="popup">
${link('rotate', t('rotate'))}
${
  reasonOf(view, row, toggle, toggleText) ??
  html`<form method="post" action="${base}/${toggle}">${formToken(view.account)}<input type="hidden" name="generation" value="${table.generation}"><button class="plain">${toggleText}</button></form>`
}
${link('edit', t('edit'))}
${link('delete', t('delete'), 'danger')}
</div>
</details>`;
}

/** In the place of an action that somebody else keeps; undefined when it can be done here. */
function reasonOf({ t }: View, { managers, name }: KeyRow, action: KeyPairEdit, text: string): Html | undefined {
  const manager = managers[action];
  if (manager === undefined) return undefined;
  const id = `reason-${name}-${action}`;
  return html`<button type="button" class="plain" aria-disabled="true" aria-describedby="${id}" data-disabled>${text}<span class="help" id="${id}">${t('managedReason', { manager })}</span></button>`;
}
