import { type Html, html } from '../common/html.ts';
import type { View } from '../common/view.ts';
import type { KeyTable } from '../keys/rows.ts';
import { icons } from './icons.ts';
import { keyTableSection } from './key-table.ts';
import { missingRight, type Notice, notice } from './parts.ts';
import { type Person, personalCenter } from './personal-center.ts';

/** What there is to show of a person's access keys. */
export type KeyContent =
  | { kind: 'table'; table: KeyTable; mayManage: boolean }
  /** There is no AccessKey, and the person may create one. */
  | { kind: 'first' }
  /** There is none, and a right is missing to create one. */
  | { kind: 'no-right'; right: string; command: string }
  /** There is one, and the person may not read it. */
  | { kind: 'unreadable'; right: string; command: string };

export function accessKeysPage(view: View, person: Person, content: KeyContent, told: Notice | undefined): Html {
  const { t } = view;
  return personalCenter(view, {
    person,
    tab: 'access-keys',
    title: t('accessKeys'),
    notice: told,
    content: html`${content.kind !== 'first' && notice({ kind: 'info', text: t('aboutKeys') })}${keyContent(view, person, content)}`,
  });
}

/** The part that is loaded again when something changes. */
export function keyContent(view: View, { name }: Person, content: KeyContent): Html {
  const { t } = view;
  switch (content.kind) {
    case 'table':
      return keyTableSection(view, content.table, content.mayManage);
    case 'first':
      return frame(html`<section class="card empty">${icons.key}<h2>${t('firstTitle', { user: name })}</h2><p>${t('firstText')}</p>
<a class="button primary" href="/personal-center/access-keys/new">${icons.plus}${t('createKey')}</a></section>`);
    case 'no-right':
      return frame(html`<section class="card"><h2>${t('firstTitle', { user: name })}</h2><p>${t('firstText')}</p>
${missingRight(view, t('missingRight'), content.right, content.command)}</section>`);
    case 'unreadable':
      return frame(
        html`<section class="card"><h2>${t('accessKeys')}</h2>${missingRight(view, t('missingRightRead'), content.right, content.command)}</section>`,
      );
  }
}

function frame(content: Html): Html {
  return html`<div id="keys" data-live="/personal-center/access-keys/events" data-fragment="/personal-center/access-keys?fragment=1">${content}</div>`;
}
