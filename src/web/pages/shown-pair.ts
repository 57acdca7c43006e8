import type { KeyPair } from '../../credential/key-pair.ts';
import { type Html, html } from '../common/html.ts';
import type { View } from '../common/view.ts';
import type { PairPlace } from '../keys/downloads.ts';
import { icons } from './icons.ts';
import { layout } from './layout.ts';
import { copyButton, formToken, missingRight, notice } from './parts.ts';

/** The one page on which an sk is shown. It is the answer to a POST, so it has no address that could be opened again. */
export function shownPairPage(view: View, pair: KeyPair, place: PairPlace): Html {
  const { t } = view;
  const { secret, namespace } = place;
  const hidden = html`${formToken(view.account)}${Object.entries({ ...pair, ...place }).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )}`;
  const save = (format: string, text: string) =>
    html`<button name="format" value="${format}">${icons.save}${text}</button>`;
  return layout(view, {
    title: t('shownTitle'),
    section: 'personal-center',
    content: html`<div class="page narrow"><section class="card" aria-labelledby="shown-title">
<h1 id="shown-title">${t('shownTitle')}</h1>
${notice({ kind: 'warning', text: t('shownOnce') })}
${value(view, 'shown-ak', t('accessKeyId'), pair.ak)}
${value(view, 'shown-sk', t('secretKey'), pair.sk)}
<p class="faint">${t('shownSecret', { secret, namespace })}</p>
<form method="post" action="/personal-center/access-keys/download" class="downloads" aria-label="${t('download')}">${hidden}
<span class="label">${t('download')}</span>${save('json', t('downloadJson'))}${save('env', t('downloadEnv'))}${save('secret', t('downloadSecret'))}</form>
<div class="buttons"><form method="post" action="/personal-center/use">${hidden}<button>${t('tryThisKey')}</button></form>
<a class="button primary" href="/personal-center/access-keys">${t('finished')}</a></div>
</section></div>`,
  });
}

function value(view: View, id: string, label: string, text: string): Html {
  return html`<div class="field"><label for="${id}">${label}</label>
<div class="shown"><input id="${id}" value="${text}" readonly autocomplete="off" spellcheck="false">${copyButton(view, text, label)}</div></div>`;
}

/** While the controller has not made the pair yet. */
export function waitingPage(view: View, ticket: string): Html {
  const { t } = view;
  return layout(view, {
    title: t('waitingTitle'),
    section: 'personal-center',
    content: html`<div class="page narrow"><section class="card empty" aria-labelledby="waiting-title">${icons.key}
<h1 id="waiting-title">${t('waitingTitle')}</h1><p>${t('waitingText')}</p>
<form method="post" action="/personal-center/access-keys/reveal">${formToken(view.account)}<input type="hidden" name="ticket" value="${ticket}"><button class="primary">${t('lookAgain')}</button></form>
<a href="/personal-center/access-keys">${t('back')}</a></section></div>`,
  });
}

/** The pair is there, and the visitor may not read it. */
export function notReadablePage(view: View, right: string, command: string): Html {
  const { t } = view;
  return layout(view, {
    title: t('shownTitle'),
    section: 'personal-center',
    content: html`<div class="page narrow"><section class="card"><h1>${t('shownTitle')}</h1>
${missingRight(view, t('notReadable'), right, command)}<a class="button" href="/personal-center/access-keys">${t('back')}</a></section></div>`,
  });
}
