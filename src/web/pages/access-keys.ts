import { accessKeysPath } from '../common/paths.ts';
import type { View } from '../common/view.ts';
import type { KeyTable } from '../keys/rows.ts';
import type { MissingPermission } from '../visitor/missing-permission.ts';
import { type Html, html, icons, missingPermissionText, type Notice, notice } from './components.ts';
import { inventoryCard } from './inventory.ts';
import { keyTableSection, liveArea } from './key-table.ts';
import { type Person, personalCenter } from './personal-center.ts';

/** The content of the access keys tab. */
export type KeyContent =
  | { kind: 'table'; table: KeyTable; mayManage: boolean }
  /** The person has no AccessKey and may create one. */
  | { kind: 'first' }
  /** The person has no AccessKey and may not create one. */
  | { kind: 'no-permission'; missing: MissingPermission }
  /** The person may not read their AccessKey. */
  | { kind: 'unreadable'; missing: MissingPermission };

export interface AccessKeysPage {
  person: Person;
  content: KeyContent;
  notice: Notice | undefined;
  /** Whether the person may see the key pairs of others. */
  hasInventory: boolean;
}

export function accessKeysPage(view: View, { person, content, notice: message, hasInventory }: AccessKeysPage): Html {
  const { t } = view;
  return personalCenter(view, {
    person,
    tab: 'access-keys',
    title: t('accessKeys'),
    notice: message,
    content: html`${content.kind !== 'first' && notice({ kind: 'info', text: t('aboutKeys') })}${keyContent(view, person, content)}${hasInventory && inventoryCard(view)}`,
  });
}

/** The part of the page that is reloaded when the AccessKey changes. */
export function keyContent(view: View, { name }: Person, content: KeyContent): Html {
  const { t } = view;
  switch (content.kind) {
    case 'table':
      return keyTableSection(view, content.table, content.mayManage);
    case 'first':
      return liveArea(html`<section class="card empty">${icons.key}<h2>${t('firstTitle', { user: name })}</h2><p>${t('firstText')}</p>
<a class="button primary" href="${accessKeysPath}/new">${icons.plus}${t('createKey')}</a></section>`);
    case 'no-permission':
      return liveArea(html`<section class="card"><h2>${t('firstTitle', { user: name })}</h2><p>${t('firstText')}</p>
${missingPermissionText(view, t('missingPermission'), content.missing)}</section>`);
    case 'unreadable':
      return liveArea(
        html`<section class="card"><h2>${t('accessKeys')}</h2>${missingPermissionText(view, t('missingPermissionRead'), content.missing)}</section>`,
      );
  }
}
