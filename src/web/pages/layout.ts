import type { AssetName } from '../common/assets.ts';
import { type Language, languages } from '../common/language.ts';
import { accessKeysPath } from '../common/paths.ts';
import { type Account, initialsOf, type Theme, themes, type View } from '../common/view.ts';
import { type Failure, failureText, formToken, type Html, html, icons } from './components.ts';

/** A page inside the common frame. */
export interface Page {
  title: string;
  /** The item of the main menu to highlight. */
  section?: 'personal-center' | 'deployments' | 'docs' | 'settings' | undefined;
  content: Html;
  /** Whether other pages can be opened from this one. Default: true. */
  hasMenu?: boolean;
  /** Style sheets and scripts in place of those of the other pages. */
  head?: Html;
}

export function layout(view: View, { title, section, content, head, hasMenu = true }: Page): Html {
  const { t, language, theme, assets } = view;
  // Modules run after the page is parsed, in the order of the page.
  const script = (name: AssetName) => html`<script type="module" src="${assets.path(name)}"></script>`;
  return html`<!doctype html>
<html lang="${language}" data-theme="${theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} &middot; ${t('product')}</title>
<link rel="icon" href="${assets.path('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${assets.path('frame.css')}">
${
  head ??
  html`<link rel="stylesheet" href="${assets.path('console.css')}">
${script('date-picker.js')}`
}
${script('kept-input.js')}
${script('console.js')}
${script('live.js')}
</head>
<body data-copied="${t('copied')}" data-not-copied="${t('notCopied')}" data-session="${view.account?.formToken ?? ''}" ${calendarTexts(view)}>
<a class="skip" href="#content">${t('skipToContent')}</a>
<header class="bar">
<a class="brand" href="/"><img src="${assets.path('icon.svg')}" alt="" width="28" height="28"><span>${t('product')}</span></a>
${hasMenu && mainMenu(view, section)}
${view.account ? accountMenu(view) : switches(view)}
</header>
<main id="content" tabindex="-1">${content}</main>
<div class="visually-hidden" role="status" id="announcer"></div>
</body>
</html>`;
}

/** The texts of date-picker.js. */
function calendarTexts({ t }: View): Html {
  return html`data-choose-date="${t('chooseDate')}" data-previous-year="${t('previousYear')}" data-previous-month="${t('previousMonth')}" data-next-month="${t('nextMonth')}" data-next-year="${t('nextYear')}"`;
}

function mainMenu({ t, account }: View, section: Page['section']): Html {
  const item = (href: string, text: string, isHere: boolean) =>
    html`<a href="${href}" aria-current="${isHere ? 'page' : 'false'}">${text}</a>`;
  return html`<nav class="main-menu" aria-label="${t('mainMenu')}">
${
  account &&
  html`${item(accessKeysPath, t('personalCenter'), section === 'personal-center')}
${item('/deployments', t('deployments'), section === 'deployments')}`
}
${item('/docs', t('apiDocs'), section === 'docs')}
</nav>`;
}

function accountMenu(view: View): Html {
  const { t, account } = view;
  const name = account?.name ?? '';
  return html`<details class="menu account">
<summary><span class="visually-hidden">${t('accountMenu', { user: name })}</span><span class="avatar small" data-initials="${initialsOf(name)}"></span>${icons.down}</summary>
<div class="popup">
<p class="who">${name}</p>
<a href="${accessKeysPath}">${t('personalCenter')}</a>
<a href="/platform-settings">${t('platformSettings')}</a>
${switches(view)}
${account && signOut(view, account)}
</div>
</details>`;
}

function signOut({ t }: View, account: Account): Html {
  if (account.signOut === 'none') return html``;
  if (account.signOut !== 'form') return html`<a href="${account.signOut.url}">${t('signOut')}</a>`;
  return html`<form method="post" action="/logout">${formToken(account)}<button class="plain">${t('signOut')}</button></form>`;
}

/** The language and theme switches: links to the same page, so that they work without script. */
export function switches({ t, language, theme, path }: View): Html {
  if (path === undefined) return html``;
  const names = { en: 'English', 'zh-CN': '简体中文' };
  const texts = { auto: t('themeAuto'), light: t('themeLight'), dark: t('themeDark') };
  const languageLink = (one: Language) =>
    html`<a href="${withQuery(path, 'lang', one)}" aria-current="${one === language ? 'true' : 'false'}" lang="${one}" hreflang="${one}">${names[one]}</a>`;
  const themeLink = (one: Theme) =>
    html`<a href="${withQuery(path, 'theme', one)}" aria-current="${one === theme ? 'true' : 'false'}">${texts[one]}</a>`;
  return html`<div class="switches">
<div class="switch" role="group" aria-label="${t('language')}">${languages.map(languageLink)}</div>
<div class="switch" role="group" aria-label="${t('theme')}">${themes.map(themeLink)}</div>
</div>`;
}

function withQuery(path: string, name: string, value: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}`;
}

export interface ErrorPage extends Failure {
  title: string;
  section?: Page['section'] | undefined;
  /** Target of the primary button. Default: the access keys, or the sign-in page. */
  action?: { href: string; label: string } | undefined;
}

/** A page that explains why an action failed, with a way back. */
export function errorPage(view: View, { title, section, action, ...failure }: ErrorPage): Html {
  const { t, account } = view;
  const isPlain = failure.missing === undefined;
  const back = account ? { href: accessKeysPath, label: t('back') } : { href: '/login', label: t('signIn') };
  const { href, label } = action ?? back;
  return layout(view, {
    title,
    section,
    content: html`<div class="page narrow"><section class="card ${isPlain ? 'empty' : ''}" role="alert">${isPlain && icons.warning}<h1>${title}</h1>${failureText(view, failure)}
<a class="button" href="${href}">${label}</a></section></div>`,
  });
}
