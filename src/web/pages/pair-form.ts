import { accessKeysPath } from '../common/paths.ts';
import type { View } from '../common/view.ts';
import { type FirstChoices, maxGroups } from '../keys/first-key.ts';
import type { OverlapChoice } from '../keys/overlap.ts';
import { basePrefix, type Difference, type PairFields } from '../keys/pair-conflict.ts';
import { dayAfter, type PairInput, type Problems, validityDays } from '../keys/pair-input.ts';
import { mapOptions } from '../keys/pair-options.ts';
import {
  attribute,
  cell,
  describedBy,
  fieldProblem,
  formId,
  formToken,
  type Html,
  hiddenFields,
  html,
  type Notice,
  notice,
  option,
  time,
} from './components.ts';
import { layout } from './layout.ts';
import { overlapLimit, overlapSelect, overlapText } from './overlap.ts';
import { moreOptions } from './pair-options.ts';

export interface PairFormPage {
  title: string;
  action: string;
  submit: string;
  input: PairInput;
  problems: Problems;
  /** Whether the pair is new, so that its name can be entered. */
  isNew: boolean;
  /** The additional choices of the first key; undefined if the AccessKey exists. */
  first?: FirstChoices;
  generation: number;
  /** The values that the form was rendered from; undefined for a new pair. */
  base?: PairFields;
  /** Fields whose current value in the cluster is not the entered one, because both have changed. */
  differences?: readonly Difference[];
  /** The overlaps that can be selected; undefined for a new pair. */
  overlap?: OverlapChoice;
  /** Milliseconds since the epoch. */
  now: number;
  notice?: Notice | undefined;
}

/** The form to create or edit a key. */
export function pairFormPage(view: View, page: PairFormPage): Html {
  const { t } = view;
  const { input, isNew, first } = page;
  return layout(view, {
    title: page.title,
    section: 'personal-center',
    content: html`<div class="page narrow"><section class="card" aria-labelledby="form-title">
<h1 id="form-title">${page.title}</h1>
${page.notice && notice(page.notice)}
${page.differences && page.differences.length > 0 && differenceTable(view, page.differences)}
<div data-restored hidden>${notice({ kind: 'info', text: t('inputRestored') })}</div>
<form method="post" action="${page.action}" class="stack" novalidate data-keep ${attribute('data-fresh', !view.isFormResponse)}>
${formToken(view.account)}${isNew && formId()}
<input type="hidden" name="generation" value="${page.generation}">
${hiddenFields({ ...page.base }, basePrefix)}
${first && namespaceField(view, page, first.namespaces)}
${isNew ? textField(view, page, { name: 'name', label: t('keyName'), help: t('keyNameHelp'), attributes: html`value="${input.name}" required maxlength="63" autocapitalize="none" autocomplete="off" spellcheck="false" autofocus` }) : html`<input type="hidden" name="name" value="${input.name}">`}
${textField(view, page, { name: 'description', label: t('description'), attributes: html`value="${input.description}" maxlength="256" autocomplete="off"` })}
${validityField(view, page)}
${page.overlap && !page.overlap.manager && html`<div class="field"><label for="overlap">${t('overlap')}</label>${overlapSelect(view, page.overlap, input.overlap)}${problemText(view, page, 'overlap')}<p class="help" id="overlap-help">${t('overlapHelp')} ${overlapLimit(view, page.overlap)}</p></div>`}
${moreOptions(view, { input, problems: page.problems, hasOverlap: (page.overlap?.options.length ?? 0) > 1 })}
${first && first.groups.length > 0 && groupsField(view, page, first.groups)}
<div class="buttons"><a class="button" href="${accessKeysPath}">${t('cancel')}</a><button class="primary">${page.submit}</button></div>
</form></section></div>`,
  });
}

/** The current values beside the entered ones, which saving would replace. */
function differenceTable({ t }: View, differences: readonly Difference[]): Html {
  const labels = {
    description: t('description'),
    expiresAt: t('expiration'),
    overlap: t('overlap'),
    audiences: t('audiences'),
    ...mapOptions((option) => t(option)),
  };
  const text = (field: Difference['field'], value: string): string | Html => {
    if (field === 'overlap') return overlapText(t, value);
    if (field !== 'expiresAt') return value === '' ? t('none') : value;
    return value === '' ? t('permanent') : time(value, '');
  };
  return html`<table class="differences"><caption class="visually-hidden">${t('differences')}</caption>
<thead><tr><th scope="col">${t('field')}</th><th scope="col">${t('currentValue')}</th><th scope="col">${t('yourEntry')}</th></tr></thead>
<tbody>${differences.map(
    ({ field, current, entered }) =>
      html`<tr><th scope="row">${labels[field]}</th>${cell(t('currentValue'), text(field, current))}${cell(t('yourEntry'), text(field, entered))}</tr>`,
  )}</tbody></table>`;
}

interface TextField {
  name: 'name' | 'description';
  label: string;
  attributes: Html;
  help?: string;
}

function textField(view: View, page: PairFormPage, { name, label, attributes, help }: TextField): Html {
  const problem = page.problems[name];
  return html`<div class="field"><label for="${name}">${label}</label>
<input id="${name}" name="${name}" ${attributes} ${describedBy(name, problem !== undefined, help !== undefined && `${name}-help`)}>
${problemText(view, page, name)}${help !== undefined && html`<p class="help" id="${name}-help">${help}</p>`}</div>`;
}

function problemText({ t }: View, { input, problems }: PairFormPage, name: keyof Problems): Html {
  const problem = problems[name];
  return fieldProblem(name, problem && t(problem, { max: maxGroups, pair: input.name }));
}

function validityField(view: View, page: PairFormPage): Html {
  const { t } = view;
  const { input, problems, now } = page;
  const today = dayAfter(0, now);
  const choice = (value: PairInput['validity'], text: string | Html) =>
    html`<label class="choice"><input type="radio" name="validity" value="${value}" ${attribute('checked', input.validity === value)}><span>${text}</span></label>`;
  const period = (days: (typeof validityDays)[number]) =>
    choice(
      `${days}`,
      html`${t('validityDays', { days })} <span class="faint">${t('validUntil', { date: dayAfter(days, now) })}</span>`,
    );
  return html`<fieldset class="field"><legend>${t('expiration')}</legend>
<div class="choices column">${validityDays.map(period)}${choice('custom', t('customDate'))}${choice('permanent', t('permanent'))}</div>
<div class="custom-date"><input type="date" id="date" name="date" aria-label="${t('customDate')}" min="${today}" max="9999-12-31" value="${input.date}" ${describedBy('date', problems.date !== undefined)}>
<p class="help" id="date-help">${t('customDateHelp')}</p></div>${problemText(view, page, 'date')}</fieldset>`;
}

function namespaceField(view: View, page: PairFormPage, namespaces: readonly string[]): Html {
  const { t } = view;
  const { input, problems } = page;
  return html`<div class="field"><label for="namespace">${t('namespace')}</label>
<select id="namespace" name="namespace" ${describedBy('namespace', problems.namespace !== undefined)}>${namespaces.map((one) => option(one, one, input.namespace))}</select>
${problemText(view, page, 'namespace')}<p class="help" id="namespace-help">${t('namespaceHelp')}</p></div>`;
}

function groupsField(view: View, page: PairFormPage, groups: readonly string[]): Html {
  const { t } = view;
  const { input, problems } = page;
  return html`<fieldset class="field" ${describedBy('groups', problems.groups !== undefined)}><legend>${t('groups')}</legend>
<div class="choices column">${groups.map(
    (group) =>
      html`<label class="choice"><input type="checkbox" name="groups" value="${group}" ${attribute('checked', input.groups.includes(group))}><span>${group}</span></label>`,
  )}</div>
${problemText(view, page, 'groups')}<p class="help" id="groups-help">${t('groupsHelp')}</p></fieldset>`;
}
