import type { View } from '../common/view.ts';
import type { PairInput, Problems } from '../keys/pair-input.ts';
import { type PairOption, pairOptions } from '../keys/pair-options.ts';
import { attribute, describedBy, fieldProblem, type Html, html } from './components.ts';

export interface OptionFields {
  /** The form has a field for each option that is not undefined. */
  input: PairInput;
  problems: Problems;
  /** Whether an overlap is possible, so that it can be extended. */
  hasOverlap: boolean;
}

/** The settings that most keys do not need. They are visible from the start if one of them is set. */
export function moreOptions(view: View, fields: OptionFields): Html | false {
  const { t } = view;
  const { input, hasOverlap } = fields;
  const texts = [input.audiences, ...pairOptions.map((option) => input[option])];
  if (texts.every((text) => text === undefined)) return false;
  const isSet = texts.some((text) => text !== undefined && text !== '');
  return html`<details class="more" ${attribute('open', isSet)}><summary>${t('moreOptions')}</summary><div class="stack">
${textOption(view, fields, 'interval')}
${hasOverlap && textOption(view, fields, 'maxOverlap')}
${textOption(view, fields, 'tokenLifetime')}
${listOption(view, fields, 'allowedCIDRs')}
${tokenFields(view, fields)}
${listOption(view, fields, 'audiences')}
</div></details>`;
}

function tokenFields(view: View, fields: OptionFields): Html | false {
  const { t } = view;
  if (fields.input.tokenKey === undefined) return false;
  return html`<fieldset class="field"><legend>${t('secretToken')}</legend><p class="help">${t('secretTokenHelp')}</p><div class="stack">
${textOption(view, fields, 'tokenKey')}${textOption(view, fields, 'tokenValidFor')}${textOption(view, fields, 'tokenAudience')}
</div></fieldset>`;
}

function textOption(view: View, fields: OptionFields, name: Exclude<PairOption, 'allowedCIDRs'>): Html | false {
  return option(view, fields, { name, input: (text, attributes) => html`<input value="${text}" ${attributes}>` });
}

function listOption(view: View, fields: OptionFields, name: 'allowedCIDRs' | 'audiences'): Html | false {
  const input = (text: string, attributes: Html) => html`<textarea rows="3" ${attributes}>${text}</textarea>`;
  return option(view, fields, { name, input });
}

interface Option {
  name: PairOption | 'audiences';
  input: (text: string, attributes: Html) => Html;
}

/** A field with its label, problem and help, or nothing if the form does not have it. */
function option({ t }: View, { input: entered, problems }: OptionFields, { name, input }: Option): Html | false {
  const text = entered[name];
  if (text === undefined) return false;
  const problem = problems[name];
  const attributes = html`id="${name}" name="${name}" autocomplete="off" autocapitalize="none" spellcheck="false" ${describedBy(name, problem !== undefined)}`;
  return html`<div class="field"><label for="${name}">${t(name)}</label>
${input(text, attributes)}
${fieldProblem(name, problem && t(problem))}<p class="help" id="${name}-help">${t(`${name}Help`)}</p></div>`;
}
