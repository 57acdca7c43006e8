import { attribute, type Html, html } from '../common/html.ts';
import type { View } from '../common/view.ts';
import type { FirstChoices } from '../keys/first-key.ts';
import type { PairInput, Problems } from '../keys/pair-input.ts';
import { layout, option } from './layout.ts';
import { formToken, type Notice, notice } from './parts.ts';

export interface PairFormPage {
  title: string;
  action: string;
  submit: string;
  input: PairInput;
  problems: Problems;
  /** The name can be chosen: of a new pair. */
  isNew: boolean;
  /** Where the AccessKey can be made, and the groups it can have; undefined when it is there. */
  first?: FirstChoices;
  generation: number;
  /** YYYY-MM-DD, the first day that can be chosen. */
  today: string;
  notice?: Notice | undefined;
}

/** The form for a new key, and for what can be changed of one. */
export function pairFormPage(view: View, page: PairFormPage): Html {
  const { t } = view;
  const { input, isNew, first } = page;
  return layout(view, {
    title: page.title,
    section: 'personal-center',
    content: html`<div class="page narrow"><section class="card" aria-labelledby="form-title">
<h1 id="form-title">${page.title}</h1>
${page.notice && notice(page.notice)}
<form method="post" action="${page.action}" class="stack" novalidate>
${formToken(view.account)}
<input type="hidden" name="generation" value="${page.generation}">
${first && namespaceField(view, page, first.namespaces)}
${isNew ? field(view, page, 'name', t('keyName'), html`value="${input.name}" required maxlength="63" autocapitalize="none" autocomplete="off" spellcheck="false" autofocus`, t('keyNameHelp')) : html`<input type="hidden" name="name" value="${input.name}">`}
${field(view, page, 'description', t('description'), html`value="${input.description}" maxlength="256" autocomplete="off"`)}
${validityField(view, page)}
${first && first.groups.length > 0 && groupsField(view, page, first.groups)}
<div class="buttons"><a class="button" href="/personal-center/access-keys">${t('cancel')}</a><button class="primary">${page.submit}</button></div>
</form></section></div>`,
  });
}

function field(
  view: View,
  { problems }: PairFormPage,
  name: 'name' | 'description',
  label: string,
  attributes: Html,
  help?: string,
): Html {
  const problem = problems[name];
  return html`<div class="field"><label for="${name}">${label}</label>
<input id="${name}" name="${name}" ${attributes} ${describedBy(name, problem !== undefined)}>
${problemText(view, name, problem)}${help !== undefined && html`<p class="help" id="${name}-help">${help}</p>`}</div>`;
}

function describedBy(name: string, isWrong: boolean): Html {
  return isWrong ? html`aria-invalid="true" aria-describedby="${name}-problem"` : html`aria-describedby="${name}-help"`;
}

function problemText({ t }: View, name: string, problem: Problems['name']): Html {
  return html`${problem && html`<p class="problem" id="${name}-problem" role="alert">${t(problem, { max: 16 })}</p>`}`;
}

function validityField(view: View, { input, problems, today }: PairFormPage): Html {
  const { t } = view;
  const choice = (value: PairInput['validity'], text: string) =>
    html`<label class="choice"><input type="radio" name="validity" value="${value}" ${attribute('checked', input.validity === value)}><span>${text}</span></label>`;
  return html`<fieldset class="field"><legend>${t('validity')}</legend>
<div class="choices">${choice('permanent', t('permanent'))}${choice('custom', t('customDate'))}</div>
<div class="custom-date"><input type="date" id="date" name="date" aria-label="${t('customDate')}" min="${today}" max="9999-12-31" value="${input.date}" ${describedBy('date', problems.date !== undefined)}>
<p class="help" id="date-help">${t('customDateHelp')}</p></div>${problemText(view, 'date', problems.date)}</fieldset>`;
}

function namespaceField(view: View, { input, problems }: PairFormPage, namespaces: readonly string[]): Html {
  const { t } = view;
  return html`<div class="field"><label for="namespace">${t('namespace')}</label>
<select id="namespace" name="namespace" ${describedBy('namespace', problems.namespace !== undefined)}>${namespaces.map((one) => option(one, one, input.namespace))}</select>
${problemText(view, 'namespace', problems.namespace)}<p class="help" id="namespace-help">${t('namespaceHelp')}</p></div>`;
}

function groupsField(view: View, { input, problems }: PairFormPage, groups: readonly string[]): Html {
  const { t } = view;
  return html`<fieldset class="field"><legend>${t('groups')}</legend>
<div class="choices column">${groups.map(
    (group) =>
      html`<label class="choice"><input type="checkbox" name="groups" value="${group}" ${attribute('checked', input.groups.includes(group))}><span>${group}</span></label>`,
  )}</div>
${problemText(view, 'groups', problems.groups)}<p class="help" id="groups-help">${t('groupsHelp')}</p></fieldset>`;
}
