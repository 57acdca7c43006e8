import type { View } from '../common/view.ts';
import { type Html, hiddenFields, html, icons } from './components.ts';
import { layout } from './layout.ts';

export interface ProviderSignOutPage {
  action: string;
  fields: Readonly<Record<string, string>>;
}

/** The page after sign-out. Its form, which the script of the page submits, also ends the session at the provider. */
export function providerSignOutPage(view: View, { action, fields }: ProviderSignOutPage): Html {
  const { t } = view;
  return layout(view, {
    title: t('signOut'),
    content: html`<div class="page narrow"><section class="card empty">${icons.lock}<h1>${t('signedOut')}</h1><p>${t('providerSignOutText')}</p>
<form method="post" action="${action}" data-submit>${hiddenFields(fields)}
<div class="buttons"><a class="button" href="/login">${t('signInAgain')}</a><button class="primary">${t('providerSignOut')}</button></div></form>
</section></div>`,
  });
}
