import type { View } from '../common/view.ts';
import { formToken, type Html, html, notice } from './components.ts';
import { layout } from './layout.ts';

export interface ConfirmPage {
  title: string;
  text: string;
  /** A further consequence of the action. */
  warning?: string | undefined;
  action: string;
  submit: string;
  isDanger: boolean;
  pair: { name: string; ak: string | undefined };
  generation: number;
}

/** Asks for confirmation of an action that cannot be undone. */
export function confirmPage(view: View, page: ConfirmPage): Html {
  const { t } = view;
  return layout(view, {
    title: page.title,
    section: 'personal-center',
    content: html`<div class="page narrow"><section class="card" aria-labelledby="confirm-title">
<h1 id="confirm-title">${page.title}</h1><p>${page.text}</p>
<dl class="facts">${page.pair.ak && html`<div><dt>${t('accessKeyId')}</dt><dd><code>${page.pair.ak}</code></dd></div>`}</dl>
${page.warning !== undefined && notice({ kind: 'warning', text: page.warning })}
<form method="post" action="${page.action}">${formToken(view.account)}<input type="hidden" name="generation" value="${page.generation}">
<div class="buttons"><a class="button" href="/personal-center/access-keys">${t('cancel')}</a><button class="${page.isDanger ? 'danger' : 'primary'}">${page.submit}</button></div></form>
</section></div>`,
  });
}
