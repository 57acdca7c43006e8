import type { View } from '../common/view.ts';
import { type FirstChoices, maxGroups } from '../keys/first-key.ts';
import type { PairInput, Problems } from '../keys/pair-input.ts';
import { attribute, formToken, type Html, html, type Notice, notice, option } from './components.ts';
import { layout } from './layout.ts';

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
  /** YYYY-MM-DD, the earliest date that can be selected. */
  today: string;
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
<form method="post" action="${page.action}" class="stack" novalidate>
${formToken(view.account)}
<input type="hidden" name="generation" value="${page.generation}">
${first && namespaceField(view, page, first.namespaces)}
${isNew ? textField(view, page, { name: 'name', label: t('keyName'), help: t('keyNameHelp'), attributes: html`value="${input.name}" required maxlength="63" autocapitalize="none" autocomplete="off" spellcheck="false" autofocus` }) : html`<input type="hidden" name="name" value="${input.name}">`}
${textField(view, page, { name: 'description', label: t('description'), attributes: html`value="${input.description}" maxlength="256" autocomplete="off"` })}
${validityField(view, page)}
${first && first.groups.length > 0 && groupsField(view, page, first.groups)}
<div class="buttons"><a class="button" href="/personal-center/access-keys">${t('cancel')}</a><button class="primary">${page.submit}</button></div>
</form></section></div>`,
  });
}

interface TextField {
  name: 'name' | 'description';
  label: string;
  attributes: Html;
  help?: string;
}

function textField(view: View, { problems }: PairFormPage, { name, label, attributes, help }: TextField): Html {
  const problem = problems[name];
  return html`<div class="field"><label for="${name}">${label}</label>
<input id="${name}" name="${name}" ${attributes} ${describedBy(name, problem !== undefined)}>
${problemText(view, name, problem)}${help !== undefined && html`<p class="help" id="${name}-help">${help}</p>`}</div>`;
}

function describedBy(name: string, isWrong: boolean): Html {
  return isWrong ? html`aria-invalid="true" aria-describedby="${name}-problem"` : html`aria-describedby="${name}-help"`;
}

function problemText({ t }: View, name: string, problem: Problems['name']): Html {
  return html`${problem && html`<p class="problem" id="${name}-problem" role="alert">${t(problem, { max: maxGroups })}</p>`}`;
}

function validityField(view: View, { input, problems, today }: PairFormPage): Html {
  const { t } = view;
  const choice = (value: PairInput['validity'], text: string) =>
    html`<label class="choice"><input type="radio" name="validity" value="${value}" ${attribute('checked', input.validity === value)}><span>${text}</span></label>`;
  return html`<fieldset class="field"><legend>${t('expiration')}</legend>
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
