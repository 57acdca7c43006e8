import type { KeyPairEdit } from '../../accesskey/change/edit-pairs.ts';
import { managerTitle } from '../../accesskey/change/managed-fields.ts';
import { accessKeysPath } from '../common/paths.ts';
import type { View } from '../common/view.ts';
import type { KeyRow, KeyTable } from '../keys/rows.ts';
import {
  cell,
  copyButton,
  fact,
  failureText,
  formToken,
  type Html,
  html,
  icons,
  liveMark,
  notice,
  sentence,
  time,
} from './components.ts';

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
  return html`<div id="keys" class="live-area" data-live="${accessKeysPath}/events" data-fragment="${accessKeysPath}?fragment=1">${content}</div>`;
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
${managedNotice(view, table)}
${!mayManage && notice({ kind: 'info', text: t('viewOnly') })}
<section class="card" aria-labelledby="keys-title">
<div class="card-head"><div><h2 id="keys-title">${t('accessKeys')}</h2>${liveMark(view)}</div>${createButton(view, table, mayManage)}</div>
${table.rows.length === 0 ? emptyTable(view) : keyTable(view, table, mayManage)}
</section>
`);
}

function createButton({ t }: View, { cannotAdd, listManager }: KeyTable, mayManage: boolean): Html {
  const reason = (!mayManage && t('rejectedViewOnly')) || (cannotAdd && t(cannotAdd.key, cannotAdd.values));
  if (listManager !== undefined)
    return html`<button class="primary" aria-disabled="true" aria-describedby="${managedId}" type="button" data-disabled>${icons.plus}${t('createKey')}</button>`;
  if (!reason) return html`<a class="button primary" href="${accessKeysPath}/new">${icons.plus}${t('createKey')}</a>`;
  return html`<div class="refused"><button class="primary" aria-disabled="true" aria-describedby="create-reason" type="button" data-disabled>${icons.plus}${t('createKey')}</button>
<p id="create-reason" class="help">${reason}</p></div>`;
}

function emptyTable({ t }: View): Html {
  return html`<div class="empty">${icons.key}<h3>${t('noPairsTitle')}</h3><p>${t('noPairsText')}</p></div>`;
}

function keyTable(view: View, { rows, generation }: KeyTable, mayManage: boolean): Html {
  const { t } = view;
  const heads = [t('name'), t('state'), t('accessKeyId'), t('created'), t('expires'), t('lastUsed')];
  return html`<div class="table-frame"><table class="keys">
<caption class="visually-hidden">${t('tableCaption')}</caption>
<thead><tr>${heads.map((one) => html`<th scope="col">${one}</th>`)}<th scope="col"><span class="visually-hidden">${t('actions')}</span></th></tr></thead>
${rows.map((row) => keyRows(view, row, mayManage ? rowMenu(view, row, generation) : html``))}
</table></div>`;
}

/** The row of a key, and a second one with its details over the whole width. */
function keyRows(view: View, row: KeyRow, menu: Html): Html {
  const { t } = view;
  const ak =
    row.ak === undefined
      ? html`<span class="faint">${t('notYet')}</span>`
      : html`<code>${row.ak}</code>${copyButton(view, row.ak, t('accessKeyId'))}`;
  return html`<tbody id="key-${row.name}"><tr>
<th scope="row"><span class="row-name">${row.name}</span></th>
${cell(t('state'), stateCell(view, row), 'states')}
${cell(t('accessKeyId'), html`<span class="ak">${ak}</span>`, 'ak-cell')}
${cell(t('created'), time(row.createdAt, t('notYet')), 'times')}
${cell(t('expires'), time(row.expiresAt, t('neverExpires')), 'times')}
${cell(t('lastUsed'), time(row.lastUsedAt, t('neverUsed')), 'times')}
<td class="row-menu">${menu}</td>
</tr>
<tr class="details-row"><td colspan="7"><dl>
${fact(t('description'), row.description)}
${fact(t('nextRotation'), time(row.nextRotationAt, t('none')))}
${fact(t('revision'), String(row.revision))}
</dl></td></tr></tbody>`;
}

function stateCell({ t }: View, { state, previousUntil }: KeyRow): Html {
  return html`<span class="state ${tones[state]}">${t(`state${state}`)}</span>${
    previousUntil !== undefined &&
    html`<span class="faint small-text">${sentence(t('previousUntil'), 'time', time(previousUntil, ''))}</span>`
  }`;
}

/** id of the notice that explains why actions are disabled. */
const managedId = 'managed';

/** One notice for everything that other tools manage. */
function managedNotice({ t }: View, { listManager, rows }: KeyTable): Html | false {
  if (listManager !== undefined) {
    return notice({ kind: 'info', id: managedId, text: t('managedList', { manager: managerTitle(listManager) }) });
  }
  const names = [...new Set(rows.flatMap(({ managers }) => Object.values(managers)))];
  if (names.length === 0) return false;
  const sentences = names.map((manager) => {
    const keys = rows.filter(({ managers }) => Object.values(managers).includes(manager)).map(({ name }) => name);
    return html`<p>${t('managedSome', { manager: managerTitle(manager), keys: keys.join(', ') })}</p>`;
  });
  return notice({ kind: 'info', id: managedId, text: html`${sentences}` });
}

function rowMenu(view: View, row: KeyRow, generation: number): Html {
  const { t } = view;
  const base = `${accessKeysPath}/${row.name}`;
  const link = (action: 'rotate' | 'edit' | 'revoke' | 'delete', tone = '') =>
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
${link('revoke')}
${link('delete', 'danger')}
</div>
</details>`;
}

/** @returns a disabled menu item if another tool manages the action; undefined if the action is possible */
function managedItem({ t }: View, { managers }: KeyRow, action: KeyPairEdit): Html | undefined {
  if (managers[action] === undefined) return undefined;
  return html`<button type="button" class="plain" aria-disabled="true" aria-describedby="${managedId}" data-disabled>${t(action)}${icons.lock}</button>`;
}
