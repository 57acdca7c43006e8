import { type Html, html } from '../common/html.ts';
import type { View } from '../common/view.ts';
import { icons } from './icons.ts';
import { layout } from './layout.ts';

/** A page that says that something did not work. */
export function errorPage(
  view: View,
  { title, text, detail }: { title: string; text: string; detail?: string | undefined },
): Html {
  return layout(view, {
    title,
    content: html`<div class="page narrow"><section class="card empty" role="alert">${icons.warning}<h1>${title}</h1><p>${text}</p>
${detail !== undefined && html`<p><code class="right">${detail}</code></p>`}
<a class="button" href="/personal-center/access-keys">${view.t('back')}</a></section></div>`,
  });
}
