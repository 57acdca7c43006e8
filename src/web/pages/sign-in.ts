import type { MessageKey } from '../common/language.ts';
import type { View } from '../common/view.ts';
import type { KeyPairSignIn } from '../visitor/key-pair-sign-in.ts';
import {
  attribute,
  codeBlock,
  describedBy,
  fieldProblem,
  type Html,
  html,
  icons,
  type Notice,
  notice,
} from './components.ts';
import { layout } from './layout.ts';

/** The enabled ways to sign in. */
export interface SignInWays {
  token: boolean;
  keyPair: KeyPairSignIn;
  /** Text of the button; null: the default. Undefined if single sign-on is not configured. */
  singleSignOnLabel: string | null | undefined;
}

/** The messages of the empty fields. */
export type SignInProblems = Partial<Record<'token' | 'ak' | 'sk', MessageKey>>;

export interface SignInPage {
  /** The page to open after sign-in. */
  next: string;
  method: 'token' | 'pair';
  /** Whether the other ways to sign in are shown although there is single sign-on. */
  isOther: boolean;
  /** The entered ak, to fill in again. */
  ak?: string;
  ways: SignInWays;
  problems?: SignInProblems | undefined;
  notice?: Notice;
}

/** The sign-in page. A token or sk is never filled in again. */
export function signInPage(view: View, page: SignInPage): Html {
  const { t } = view;
  return layout(view, {
    title: t('signIn'),
    content: html`<div class="sign-in">
<div class="card">
<div class="sign-in-head"><img src="${view.assets.path('icon.svg')}" alt="" width="44" height="44"><h1>${t('signIn')}</h1><p class="faint">${t('signInLead')}</p></div>
${page.notice && notice(page.notice)}
${page.ways.singleSignOnLabel === undefined ? forms(view, page) : singleSignOn(view, page)}
</div>
</div>`,
  });
}

/** Single sign-on is a link: Content-Security-Policy applies form-action to the redirect to the provider as well. */
function singleSignOn(view: View, page: SignInPage): Html {
  const { t } = view;
  const { next, ways, isOther } = page;
  const hasOther = ways.token || ways.keyPair !== 'off';
  return html`<a class="button primary wide" id="sso" href="/login/sso?next=${encodeURIComponent(next)}">${icons.lock}${ways.singleSignOnLabel ?? t('signInWithSingleSignOn')}</a>
${hasOther && html`<details class="more other-ways" ${attribute('open', isOther)}><summary>${t('otherWays')}</summary>${forms(view, page)}</details>`}`;
}

function forms(view: View, page: SignInPage): Html {
  const { token, keyPair } = page.ways;
  const isPair = keyPair !== 'off' && (page.method === 'pair' || !token);
  return html`${token && keyPair !== 'off' && methodTabs(view, page)}
${isPair ? pairForm(view, page) : token && tokenForm(view, page)}`;
}

function methodTabs({ t }: View, { method, next }: SignInPage): Html {
  const link = (one: SignInPage['method'], text: string) =>
    html`<a href="/login?method=${one}&amp;next=${encodeURIComponent(next)}" aria-current="${one === method ? 'page' : 'false'}">${text}</a>`;
  return html`<nav class="segments" aria-label="${t('signIn')}">${link('token', t('methodToken'))}${link('pair', t('methodPair'))}</nav>`;
}

/** Only one button of a page is primary. */
function buttonClass({ singleSignOnLabel }: SignInWays): string {
  return singleSignOnLabel === undefined ? 'primary wide' : 'wide';
}

function tokenForm(view: View, { next, ways, problems = {} }: SignInPage): Html {
  const { t } = view;
  return html`<form method="post" action="/login" class="stack" novalidate>
<input type="hidden" name="next" value="${next}">
<input type="hidden" name="method" value="token">
<div class="field"><label for="token">${t('token')}</label>
<input id="token" name="token" type="password" autocomplete="off" spellcheck="false" required ${describedBy('token', problems.token !== undefined)}>
${fieldProblem('token', problems.token && t(problems.token))}<p class="help" id="token-help">${t('tokenHelp')}</p></div>
<button class="${buttonClass(ways)}">${icons.lock}${t('signInWithToken')}</button>
<details class="more"><summary>${t('tokenHow')}</summary>
<p>${t('tokenHowServiceAccount')}</p>
${codeBlock(view, 'kubectl create token NAME -n NAMESPACE', t('tokenHowServiceAccount'))}
<p>${t('tokenHowSingleSignOn')}</p>
${codeBlock(view, 'kubectl oidc-login get-token … | jq -r .status.token', t('tokenHowSingleSignOn'))}
</details>
</form>`;
}

function pairForm({ t }: View, { next, ak, ways, problems = {} }: SignInPage): Html {
  return html`<form method="post" action="/login" class="stack" novalidate>
<input type="hidden" name="next" value="${next}">
<input type="hidden" name="method" value="pair">
<div class="field"><label for="ak">${t('accessKeyId')}</label>
<input id="ak" name="ak" value="${ak ?? ''}" autocomplete="username" spellcheck="false" required ${describedBy('ak', problems.ak !== undefined, false)}>
${fieldProblem('ak', problems.ak && t(problems.ak))}</div>
<div class="field"><label for="sk">${t('secretKey')}</label>
<input id="sk" name="sk" type="password" autocomplete="current-password" required ${describedBy('sk', problems.sk !== undefined, 'pair-help')}>
${fieldProblem('sk', problems.sk && t(problems.sk))}<p class="help" id="pair-help">${ways.keyPair === 'manage' ? t('pairHelp') : t('pairHelpView')}</p></div>
<button class="${buttonClass(ways)}">${icons.lock}${t('signInWithPair')}</button>
</form>`;
}
