import type { KeyPair } from '../../credential/key-pair.ts';
import { accessKeysPath } from '../common/paths.ts';
import type { View } from '../common/view.ts';
import { downloadOf, type Format, type PairLocation } from '../keys/downloads.ts';
import {
  copyButton,
  type Failure,
  failureText,
  formId,
  formToken,
  type Html,
  hiddenFields,
  html,
  icons,
  notice,
} from './components.ts';
import { layout } from './layout.ts';

/**
 * The only page that shows an sk. It is the response to a POST, so it has no URL that could be opened again. Nothing on it
 * depends on the session or the server except the trial of the pair, which has a tab of its own: a failed request must not
 * replace this page.
 */
export function shownPairPage(view: View, pair: KeyPair, location: PairLocation): Html {
  const { t } = view;
  const { secret, namespace } = location;
  const save = (format: Format, text: string) => {
    const { file, type, text: content } = downloadOf(format, pair, location);
    const data = Buffer.from(content).toString('base64');
    return html`<a class="button" href="data:${type};base64,${data}" download="${file}">${icons.save}${text}</a>`;
  };
  return layout(view, {
    title: t('shownTitle'),
    section: 'personal-center',
    content: html`<div class="page narrow"><section class="card" aria-labelledby="shown-title">
<h1 id="shown-title">${t('shownTitle')}</h1>
${notice({ kind: 'warning', text: t('shownOnce') })}
${pairField(view, 'shown-ak', { label: t('accessKeyId'), value: pair.ak })}
${pairField(view, 'shown-sk', { label: t('secretKey'), value: pair.sk })}
<p class="faint">${t('shownSecret', { secret, namespace })}</p>
<div class="downloads" role="group" aria-label="${t('download')}">
<span class="label">${t('download')}</span>${save('json', t('downloadJson'))}${save('env', t('downloadEnv'))}${save('secret', t('downloadSecret'))}</div>
<div class="buttons"><form method="post" action="/personal-center/use" target="_blank">${formToken(view.account)}${hiddenFields({ ...pair })}<button>${t('tryThisKey')}</button></form>
<a class="button primary" href="${accessKeysPath}">${t('pairSaved')}</a></div>
</section></div>`,
  });
}

function pairField(view: View, id: string, { label, value }: { label: string; value: string }): Html {
  return html`<div class="field"><label for="${id}">${label}</label>
<div class="shown"><input id="${id}" value="${value}" readonly autocomplete="off" spellcheck="false">${copyButton(view, value, label)}</div></div>`;
}

/** Why a pair cannot be shown yet. */
export interface WaitingPage extends Failure {
  /** Whether the controller has created the pair, but it could not be read. */
  isCreated: boolean;
  /** Shows the pair later. */
  ticket: string;
  /** Whether the session can have ended, so that no other page can be opened. */
  hasEnded: boolean;
}

/** Shown while the controller has not created the pair yet, or the API server does not return it. */
export function waitingPage(view: View, { isCreated, ticket, hasEnded, ...failure }: WaitingPage): Html {
  const { t } = view;
  const title = t(isCreated ? 'shownTitle' : 'waitingTitle');
  return layout(view, {
    title,
    section: 'personal-center',
    hasMenu: !hasEnded,
    content: html`<div class="page narrow"><section class="card empty" aria-labelledby="waiting-title">${icons.key}
<h1 id="waiting-title">${title}</h1>${failureText(view, failure)}
<form method="post" action="${accessKeysPath}/reveal">${formToken(view.account)}${formId()}<input type="hidden" name="ticket" value="${ticket}"><button class="primary">${t('checkAgain')}</button></form>
${!hasEnded && html`<a href="${accessKeysPath}">${t('back')}</a>`}</section></div>`,
  });
}

/** Shown instead of the pair when the form that created or rotated it is submitted again, for example on reload. */
export function alreadyShownPage(view: View, pair: string): Html {
  const { t } = view;
  return layout(view, {
    title: t('alreadyShownTitle'),
    section: 'personal-center',
    content: html`<div class="page narrow"><section class="card" aria-labelledby="again-title"><h1 id="again-title">${t('alreadyShownTitle')}</h1>
${notice({ kind: 'info', text: t('alreadyShownText', { pair }) })}
<div class="buttons"><a class="button" href="${accessKeysPath}/${pair}/rotate">${t('rotate')}</a><a class="button primary" href="${accessKeysPath}">${t('back')}</a></div></section></div>`,
  });
}

/** Shown if the pair has been created but cannot be shown, for example because the visitor may not read its Secret. */
export function notReadablePage(view: View, pair: string, failure: Failure): Html {
  const { t } = view;
  return layout(view, {
    title: t('shownTitle'),
    section: 'personal-center',
    content: html`<div class="page narrow"><section class="card"><h1>${t('shownTitle')}</h1>
${notice({ kind: 'success', text: t('createdNotReadable', { pair }) })}
${failureText(view, failure)}<a class="button" href="${accessKeysPath}">${t('back')}</a></section></div>`,
  });
}
