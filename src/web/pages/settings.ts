import type { View } from '../common/view.ts';
import { fact, type Html, html } from './components.ts';
import { layout, switches } from './layout.ts';
import type { SignInWays } from './sign-in.ts';

export const settingsPath = '/platform-settings';

export interface SettingsPage {
  ways: SignInWays;
  /** Whether an authenticating proxy can sign users in. */
  hasProxy: boolean;
  sessionMinutes: number;
  idleMinutes: number | undefined;
  version: string;
}

/** The settings of this browser, and those that the administrator has configured. */
export function settingsPage(view: View, { ways, hasProxy, sessionMinutes, idleMinutes, version }: SettingsPage): Html {
  const { t } = view;
  const methods = [
    ways.singleSignOnLabel !== undefined && t('methodSingleSignOn'),
    hasProxy && t('methodProxy'),
    ways.token && t('methodToken'),
    ways.keyPair !== 'off' && t(ways.keyPair === 'view' ? 'methodPairView' : 'methodPair'),
  ];
  return layout(view, {
    title: t('platformSettings'),
    section: 'settings',
    content: html`<div class="page"><h1>${t('platformSettings')}</h1>
<section class="card" aria-labelledby="appearance-title"><h2 id="appearance-title">${t('appearanceAndLanguage')}</h2>
<p class="faint">${t('appearanceHelp')}</p>${switches(view)}</section>
<section class="card" aria-labelledby="security-title"><h2 id="security-title">${t('securityPolicy')}</h2>
<p class="faint">${t('securityPolicyHelp')}</p>
<dl class="facts">
${fact(t('signInMethods'), html`<ul class="chips">${methods.filter((one) => one !== false).map((one) => html`<li>${one}</li>`)}</ul>`)}
${fact(t('sessionLength'), t('minutes', { minutes: sessionMinutes }))}
${fact(t('idleTimeout'), idleMinutes === undefined ? t('none') : t('minutes', { minutes: idleMinutes }))}
</dl></section>
<section class="card" aria-labelledby="about-title"><h2 id="about-title">${t('about')}</h2>
<dl class="facts">${fact(t('version'), version)}${fact(t('apiDocs'), html`<a href="/docs">/docs</a>`)}</dl></section></div>`,
  });
}
