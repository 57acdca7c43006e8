import { accessKeysPath } from '../common/paths.ts';
import type { View } from '../common/view.ts';
import type { OverlapChoice } from '../keys/overlap.ts';
import type { KeyRow } from '../keys/rows.ts';
import { fact, formId, formToken, type Html, html, type Notice, notice, time } from './components.ts';
import { layout } from './layout.ts';
import { overlapLimit, overlapSelect } from './overlap.ts';

/** Name of the hidden field with which a person confirms that a pair in use stops working. */
export const confirmedField = 'confirmed';

export interface ConfirmPage {
  title: string;
  text: string;
  /** Further consequences of the action. */
  warnings: readonly string[];
  action: string;
  submit: string;
  isDanger: boolean;
  pair: { name: string; ak: string | undefined; state: KeyRow['state']; lastUsedAt: string | undefined };
  generation: number;
  /** The overlaps that can be selected for a rotation. */
  overlap?: OverlapChoice | undefined;
  /**
   * Whether the page warns that the pair is in use, or that the person is signed in with it, so that the form
   * confirms that.
   */
  confirmed: boolean;
  /** Why the page is shown again. */
  notice: Notice | undefined;
}

/** Asks for confirmation of an action that cannot be undone. */
export function confirmPage(view: View, page: ConfirmPage): Html {
  const { t } = view;
  return layout(view, {
    title: page.title,
    section: 'personal-center',
    content: html`<div class="page narrow"><section class="card" aria-labelledby="confirm-title">
<h1 id="confirm-title">${page.title}</h1>${page.notice && notice(page.notice)}<p>${page.text}</p>
<dl class="facts">${fact(t('accessKeyId'), page.pair.ak && html`<code>${page.pair.ak}</code>`)}${fact(t('state'), t(`state${page.pair.state}`))}${fact(t('lastUsed'), time(page.pair.lastUsedAt, t('neverUsed')))}</dl>
${page.warnings.map((text) => notice({ kind: 'warning', text }))}
<form method="post" action="${page.action}">${formToken(view.account)}${formId()}<input type="hidden" name="generation" value="${page.generation}">
${page.confirmed && html`<input type="hidden" name="${confirmedField}" value="in-use">`}
${page.overlap && html`<div class="field"><label for="overlap">${t('overlapNow')}</label>${overlapSelect(view, page.overlap)}<p class="help" id="overlap-help">${t('overlapKept')} ${overlapLimit(view, page.overlap)}</p></div>`}
<div class="buttons"><a class="button" href="${accessKeysPath}">${t('cancel')}</a><button class="${page.isDanger ? 'danger' : 'primary'}">${page.submit}</button></div></form>
</section></div>`,
  });
}
