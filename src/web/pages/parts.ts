/** Pieces that several pages have. */

import { type Html, html } from '../common/html.ts';
import { type Account, formatTime, type View } from '../common/view.ts';
import { formTokenField } from '../session/form-token.ts';
import { icons } from './icons.ts';

/** The hidden field of every form of a signed-in person. */
export function formToken(account: Account | undefined): Html {
  return html`<input type="hidden" name="${formTokenField}" value="${account?.formToken ?? ''}">`;
}

/** What is told at the head of a page. An alert is read out at once. */
export interface Notice {
  kind: 'info' | 'success' | 'warning' | 'error';
  text: string | Html;
}

export function notice({ kind, text }: Notice): Html {
  const icon = { info: icons.info, success: icons.done, warning: icons.warning, error: icons.warning }[kind];
  const role = kind === 'error' ? 'alert' : kind === 'info' ? 'note' : 'status';
  return html`<div class="notice ${kind}" role="${role}">${icon}<div>${text}</div></div>`;
}

export function time(value: string | number | undefined, without: string): Html {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return html`<span class="faint">${without}</span>`;
  return html`<time datetime="${new Date(value).toISOString()}">${formatTime(value)}</time>`;
}

/** A button that copies what it is told; it shows itself only where script runs. */
export function copyButton({ t }: View, value: string, what: string): Html {
  return html`<button type="button" class="icon-button" data-copy="${value}" aria-label="${t('copyWhat', { what })}" title="${t('copy')}" hidden>${icons.copy}</button>`;
}

/** A block of text to copy. */
export function codeBlock(view: View, text: string, what: string): Html {
  return html`<div class="code"><pre tabindex="0" aria-label="${what}"><code>${text}</code></pre>${copyButton(view, text, what)}</div>`;
}

/** A right that is missing, and the command by which an administrator gives it. */
export function missingRight(view: View, lead: string, right: string, command: string): Html {
  return html`<p>${lead}</p><p><code class="right">${right}</code></p><p>${view.t('askAdministrator')}</p>
${codeBlock(view, command, view.t('askAdministrator'))}`;
}

/** A label and its value. */
export function fact(label: string, value: string | Html | undefined): Html {
  return value === undefined ? html`` : html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
}
