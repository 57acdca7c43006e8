import type { View } from '../common/view.ts';
import type { KeyPairSignIn } from '../keys/key-pair-sign-in.ts';
import { codeBlock, type Html, html, icons, type Notice, notice } from './components.ts';
import { layout } from './layout.ts';

export interface SignInPage {
  /** The page to open after sign-in. */
  next: string;
  method: 'token' | 'pair';
  /** The entered ak, to fill in again. */
  ak?: string;
  keyPairSignIn: KeyPairSignIn;
  notice?: Notice;
}

/** The sign-in page. A token or sk is never filled in again. */
export function signInPage(view: View, page: SignInPage): Html {
  const { t } = view;
  const hasPair = page.keyPairSignIn !== 'off';
  return layout(view, {
    title: t('signIn'),
    content: html`<div class="sign-in">
<div class="card">
<div class="sign-in-head"><img src="${view.assets.path('icon.svg')}" alt="" width="44" height="44"><h1>${t('signIn')}</h1><p class="faint">${t('signInLead')}</p></div>
${page.notice && notice(page.notice)}
${hasPair && methodTabs(view, page)}
${page.method === 'pair' && hasPair ? pairForm(view, page) : tokenForm(view, page)}
</div>
</div>`,
  });
}

function methodTabs({ t }: View, { method, next }: SignInPage): Html {
  const link = (one: SignInPage['method'], text: string) =>
    html`<a href="/login?method=${one}&amp;next=${encodeURIComponent(next)}" aria-current="${one === method ? 'page' : 'false'}">${text}</a>`;
  return html`<nav class="segments" aria-label="${t('signIn')}">${link('token', t('methodToken'))}${link('pair', t('methodPair'))}</nav>`;
}

function tokenForm(view: View, { next }: SignInPage): Html {
  const { t } = view;
  return html`<form method="post" action="/login" class="stack">
<input type="hidden" name="next" value="${next}">
<input type="hidden" name="method" value="token">
<div class="field"><label for="token">${t('token')}</label>
<input id="token" name="token" type="password" autocomplete="off" spellcheck="false" required aria-describedby="token-help">
<p class="help" id="token-help">${t('tokenHelp')}</p></div>
<button class="primary wide">${icons.lock}${t('signInWithToken')}</button>
<details class="more"><summary>${t('tokenHow')}</summary>
<p>${t('tokenHowServiceAccount')}</p>
${codeBlock(view, 'kubectl create token NAME -n NAMESPACE', t('tokenHowServiceAccount'))}
<p>${t('tokenHowSingleSignOn')}</p>
${codeBlock(view, 'kubectl oidc-login get-token … | jq -r .status.token', t('tokenHowSingleSignOn'))}
</details>
</form>`;
}

function pairForm({ t }: View, { next, ak, keyPairSignIn }: SignInPage): Html {
  return html`<form method="post" action="/login" class="stack">
<input type="hidden" name="next" value="${next}">
<input type="hidden" name="method" value="pair">
<div class="field"><label for="ak">${t('accessKeyId')}</label>
<input id="ak" name="ak" value="${ak ?? ''}" autocomplete="username" spellcheck="false" required></div>
<div class="field"><label for="sk">${t('secretKey')}</label>
<input id="sk" name="sk" type="password" autocomplete="current-password" required aria-describedby="pair-help">
<p class="help" id="pair-help">${keyPairSignIn === 'manage' ? t('pairHelp') : t('pairHelpView')}</p></div>
<button class="primary wide">${icons.lock}${t('signInWithPair')}</button>
</form>`;
}
