import type { KeyPairEdit } from '../../accesskey/change/managed-fields.ts';
import { formatTime, type View } from '../common/view.ts';
import type { KeyRow, KeyTable } from '../keys/rows.ts';
import { copyButton, failureText, formToken, type Html, html, icons, notice, time } from './components.ts';

/** Color of the dot beside a state. */
const tones: Record<KeyRow['state'], string> = {
  Active: 'good',
  Rotating: 'busy',
  Pending: 'busy',
  Disabled: 'off',
  Expired: 'bad',
  Conflict: 'bad',
};

/** The part of the page that the script reloads when the AccessKey changes. */
export function liveArea(content: Html): Html {
  return html`<div id="keys" data-live="/personal-center/access-keys/events" data-fragment="/personal-center/access-keys?fragment=1">${content}</div>`;
}

/**
 * The notices about the AccessKey, the button to create a key, and the table.
 *
 * @param mayManage whether the sign-in method allows changes
 */
export function keyTableSection(view: View, table: KeyTable, mayManage: boolean): Html {
  const { t } = view;
  return liveArea(html`
${table.suspended && notice({ kind: 'warning', text: t('suspendedText') })}
${table.problem !== undefined && notice({ kind: 'warning', text: failureText(view, { text: t('stalledText'), quote: table.problem }) })}
${table.listManager !== undefined && notice({ kind: 'info', text: t('managedList', { manager: table.listManager }) })}
${!mayManage && notice({ kind: 'info', text: t('viewOnly') })}
<section class="card" aria-labelledby="keys-title">
<div class="card-head"><div><h2 id="keys-title">${t('accessKeys')}</h2><span class="live" hidden>${t('live')}</span></div>${createButton(view, table, mayManage)}</div>
${table.rows.length === 0 ? emptyTable(view) : keyTable(view, table, mayManage)}
</section>
`);
}

function createButton({ t }: View, { cannotAdd, listManager }: KeyTable, mayManage: boolean): Html {
  const reason =
    (!mayManage && t('rejectedViewOnly')) ||
    (listManager !== undefined && t('rejectedManaged', { manager: listManager })) ||
    (cannotAdd && t(cannotAdd.key, cannotAdd.values));
  if (!reason)
    return html`<a class="button primary" href="/personal-center/access-keys/new">${icons.plus}${t('createKey')}</a>`;
  return html`<div class="refused"><button class="primary" aria-disabled="true" aria-describedby="create-reason" type="button" data-disabled>${icons.plus}${t('createKey')}</button>
<p id="create-reason" class="help">${reason}</p></div>`;
}

function emptyTable({ t }: View): Html {
  return html`<div class="empty">${icons.key}<h3>${t('noPairsTitle')}</h3><p>${t('noPairsText')}</p></div>`;
}

function keyTable(view: View, { rows, generation }: KeyTable, mayManage: boolean): Html {
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
<tbody>${rows.map((row) => keyRow(view, row, mayManage ? rowMenu(view, row, generation) : html``))}</tbody>
</table></div>`;
}

function keyRow(view: View, row: KeyRow, menu: Html): Html {
  const { t } = view;
  const cell = (label: string, content: unknown) => html`<td data-label="${label}"><div>${content}</div></td>`;
  const ak =
    row.ak === undefined
      ? html`<span class="faint">${t('notYet')}</span>`
      : html`<code>${row.ak}</code>${copyButton(view, row.ak, t('accessKeyId'))}`;
  return html`<tr id="key-${row.name}">
<th scope="row"><span class="key-name">${row.name}</span>${row.description && html`<span class="faint description">${row.description}</span>`}${managedBadges(view, row)}</th>
${cell(t('state'), stateCell(view, row))}
${cell(t('accessKeyId'), html`<span class="ak">${ak}</span>`)}
${cell(t('created'), time(row.createdAt, t('notYet')))}
${cell(t('expires'), time(row.expiresAt, t('neverExpires')))}
${cell(t('lastUsed'), time(row.lastUsedAt, t('neverUsed')))}
${cell(t('nextRotation'), time(row.nextRotationAt, t('none')))}
${cell(t('revision'), String(row.revision))}
<td class="row-menu">${menu}</td>
</tr>`;
}

function stateCell({ t }: View, { state, previousUntil }: KeyRow): Html {
  return html`<span class="state ${tones[state]}">${t(`state${state}`)}</span>${
    previousUntil !== undefined &&
    html`<span class="faint small-text">${t('previousUntil', { time: formatTime(previousUntil) })}</span>`
  }`;
}

function managedBadges({ t }: View, { managers }: KeyRow): Html {
  const names = [...new Set(Object.values(managers))];
  return html`${names.map((manager) => html`<span class="badge">${t('managedBy', { manager })}</span>`)}`;
}

function rowMenu(view: View, row: KeyRow, generation: number): Html {
  const { t } = view;
  const base = `/personal-center/access-keys/${row.name}`;
  const link = (action: 'rotate' | 'edit' | 'delete', tone = '') =>
    managedItem(view, row, action) ?? html`<a class="${tone}" href="${base}/${action}">${t(action)}</a>`;
  const toggle = row.enabled ? 'disable' : 'enable';
  return html`<details class="menu" id="menu-${row.name}">
<summary aria-label="${t('actionsFor', { pair: row.name })}" class="icon-button">${icons.more}</summary>
<div class="popup">
${link('rotate')}
${
  managedItem(view, row, toggle) ??
  html`<form method="post" action="${base}/${toggle}">${formToken(view.account)}<input type="hidden" name="generation" value="${generation}"><button class="plain">${t(toggle)}</button></form>`
}
${link('edit')}
${link('delete', 'danger')}
</div>
</details>`;
}

/** @returns a disabled menu item with the reason if another tool manages the action; undefined if the action is possible */
function managedItem({ t }: View, { managers, name }: KeyRow, action: KeyPairEdit): Html | undefined {
  const manager = managers[action];
  if (manager === undefined) return undefined;
  const id = `reason-${name}-${action}`;
  return html`<button type="button" class="plain" aria-disabled="true" aria-describedby="${id}" data-disabled>${t(action)}<span class="help" id="${id}">${t('rejectedManaged', { manager })}</span></button>`;
}
