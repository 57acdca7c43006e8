/** The building blocks of the pages: escaped HTML, icons, notices, times and other elements. */
import { html, raw } from 'hono/html';
import { type Account, formatMinute, type View } from '../common/view.ts';
import { formTokenField } from '../session/request-checks.ts';
import { createFormId, formIdField } from '../show-once/shown-pairs.ts';
import type { MissingPermission } from '../visitor/missing-permission.ts';

/** Templates of hono/html escape every value except HTML from another template. */
export { html };

/** A piece of a page. */
export type Html = ReturnType<typeof html>;

/** @returns a boolean attribute such as `checked`, or an empty text */
export function attribute(
  name: 'checked' | 'disabled' | 'selected' | 'required' | 'open' | 'data-fresh',
  isSet: boolean,
) {
  return isSet ? raw(name) : '';
}

/** Drawn on a 24 × 24 grid in the text color. Screen readers skip icons, so each needs a text beside it. */
const icon = (paths: Html) =>
  html`<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">${paths}</svg>`;

export const icons = {
  key: icon(html`<circle cx="8" cy="16" r="4"/><path d="m11 13 8-8m-3 3 2.5 2.5"/>`),
  plus: icon(html`<path d="M12 5v14M5 12h14"/>`),
  more: icon(html`<path d="M5 12h.01M12 12h.01M19 12h.01" class="dots"/>`),
  info: icon(html`<circle cx="12" cy="12" r="9"/><path d="M12 11v5m0-8.5v.01"/>`),
  warning: icon(html`<path d="M12 4 2.8 19.5h18.4L12 4Zm0 6v4m0 2.9v.01"/>`),
  done: icon(html`<circle cx="12" cy="12" r="9"/><path d="m8 12.5 2.7 2.7L16 9.5"/>`),
  copy: icon(html`<rect x="9" y="9" width="11" height="11" rx="2"/><path d="M5 15V6a2 2 0 0 1 2-2h8"/>`),
  down: icon(html`<path d="m7 10 5 5 5-5"/>`),
  save: icon(html`<path d="M12 4v11m-4-4 4 4 4-4M5 19h14"/>`),
  sort: icon(html`<path class="up" d="m8 9 4-4 4 4"/><path class="down" d="m8 15 4 4 4-4"/>`),
  lock: icon(html`<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>`),
  box: icon(html`<path d="m12 3 8 4.5v9L12 21l-8-4.5v-9L12 3Zm0 9 8-4.5M12 12v9m0-9L4 7.5"/>`),
};

/** The hidden field that every form of a session needs. */
export function formToken(account: Account | undefined): Html {
  return html`<input type="hidden" name="${formTokenField}" value="${account?.formToken ?? ''}">`;
}

/** A hidden field for each value. The name of a field is that of its value, after the prefix. */
export function hiddenFields(values: Readonly<Partial<Record<string, string>>>, prefix = ''): Html {
  return html`${Object.entries(values).map(([name, value]) => html`<input type="hidden" name="${prefix}${name}" value="${value}">`)}`;
}

/** The hidden field of a form that must not be submitted twice. */
export function formId(): Html {
  return html`<input type="hidden" name="${formIdField}" value="${createFormId()}">`;
}

/** The attributes that connect an input with its problem, or else with its help if it has one. */
export function describedBy(name: string, isWrong: boolean, help: string | false = `${name}-help`): Html {
  if (isWrong) return html`aria-invalid="true" aria-describedby="${name}-problem"`;
  return html`${help !== false && html`aria-describedby="${help}"`}`;
}

/** What is wrong with the value of an input. Nothing if it has no problem. */
export function fieldProblem(name: string, text: string | undefined): Html {
  return html`${text !== undefined && html`<p class="problem" id="${name}-problem" role="alert">${text}</p>`}`;
}

/** A message at the top of a page. Screen readers announce errors immediately. */
export interface Notice {
  kind: 'info' | 'success' | 'warning' | 'error';
  text: string | Html;
  /** For elements that the message describes. */
  id?: string;
}

export function notice({ kind, text, id }: Notice): Html {
  const symbol = { info: icons.info, success: icons.done, warning: icons.warning, error: icons.warning }[kind];
  const role = kind === 'error' ? 'alert' : kind === 'info' ? 'note' : 'status';
  return html`<div class="notice ${kind}" role="${role}"${id !== undefined && html` id="${id}"`}>${symbol}<div>${text}</div></div>`;
}

/** @param fallback shown if there is no time */
export function time(value: string | number | undefined, fallback: string): Html {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return html`<span class="faint">${fallback}</span>`;
  // An AccessKey created under an older CRD can have an invalid expiresAt.
  if (Number.isNaN(new Date(value).getTime())) return html`${String(value)}`;
  // The script replaces the text by the local time, in the language of the page.
  return html`<time datetime="${new Date(value).toISOString()}" title="${formatMinute(value)}">${formatMinute(value)}</time>`;
}

/** Names of images, which break at their separators. */
export function imageNames(images: readonly string[]): Html {
  const parts = images.join(', ').split(/(?<=[/:@])/);
  return html`<code>${parts.map((part, index) => html`${index > 0 && html`<wbr>`}${part}`)}</code>`;
}

/** Shown by the script while the live part of a page is up to date. */
export function liveMark({ t }: View): Html {
  return html`<span class="live" hidden>${t('live')}</span>`;
}

/** Inserts an element in place of `{name}` in a message. */
export function sentence(message: string, name: string, element: Html): Html {
  const [before = '', after = ''] = message.split(`{${name}}`);
  return html`${before}${element}${after}`;
}

/**
 * A button that copies a value, which the element before it shows. The script displays the button where the clipboard is
 * available.
 */
export function copyButton({ t }: View, value: string, what: string): Html {
  return html`<button type="button" class="icon-button" data-copy="${value}" aria-label="${t('copyWhat', { what })}" title="${t('copy')}" hidden>${icons.copy}</button>`;
}

/** A block of code with a copy button. */
export function codeBlock(view: View, text: string, what: string): Html {
  return html`<div class="code"><pre tabindex="0" aria-label="${what}"><code>${text}</code></pre>${copyButton(view, text, what)}</div>`;
}

/** A missing permission with the commands that grant it. */
export function missingPermissionText(view: View, lead: string, missing: MissingPermission): Html {
  const { permission, command, hasPlaceholder } = missing;
  return html`<p>${lead}</p><p><code class="permission">${permission}</code></p><p>${view.t('askAdministrator')}</p>
${codeBlock(view, command, view.t('askAdministrator'))}${hasPlaceholder && html`<p class="help">${view.t('replaceCapitals')}</p>`}`;
}

/** An error as a page explains it. */
export interface Failure {
  text: string;
  /** The reason in the cluster's own words, which are not translated. */
  quote?: string | undefined;
  /** Replaces the quote. */
  missing?: MissingPermission | undefined;
}

export function failureText(view: View, { text, quote, missing }: Failure): Html {
  if (missing) return missingPermissionText(view, text, missing);
  if (quote === undefined || quote === '') return html`<p>${text}</p>`;
  return html`<p>${text}</p><p>${view.t('clusterSays')}</p><blockquote lang="en">${quote}</blockquote>`;
}

/**
 * A cell of a table. On narrow screens, its label is shown beside it in place of the head of the column.
 *
 * @param kind CSS classes
 */
export function cell(label: string, content: unknown, kind = ''): Html {
  return html`<td data-label="${label}" class="${kind}"><div>${content}</div></td>`;
}

/** A label with its value, or nothing if there is no value. */
export function fact(label: string, value: string | Html | undefined): Html {
  return value === undefined ? html`` : html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
}

/** An option of a select. */
export function option(value: string, text: string, selected: string | undefined): Html {
  return html`<option value="${value}" ${attribute('selected', value === selected)}>${text}</option>`;
}
