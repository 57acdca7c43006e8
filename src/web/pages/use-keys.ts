import type { View } from '../common/view.ts';
import type { missingFields } from '../keys/pair-input.ts';
import type { Snippet } from '../keys/snippets.ts';
import { attribute, codeBlock, describedBy, fieldProblem, formToken, type Html, html, notice } from './components.ts';
import { type Person, personalCenter } from './personal-center.ts';

/** The result of trying a key pair. */
export type Trial =
  | { kind: 'failed'; reason: string; status: 403 | 429 }
  | { kind: 'incomplete'; problems: ReturnType<typeof missingFields> }
  /** `listing` is undefined if the user may not list deployments in any namespace. */
  | { kind: 'done'; token: string; claims: string; request: string; listing: string | undefined };

export interface UseKeysPage {
  person: Person;
  snippets: readonly Snippet[];
  ak: string;
  trial: Trial | undefined;
}

/** The tab with example programs and a form to try a key pair. */
export function useKeysPage(view: View, { person, snippets, ak, trial }: UseKeysPage): Html {
  const { t } = view;
  const problems = trial?.kind === 'incomplete' ? trial.problems : {};
  return personalCenter(view, {
    person,
    tab: 'use',
    title: t('useKeys'),
    content: html`<section class="card" aria-labelledby="try-title">
<h2 id="try-title">${t('tryIt')}</h2><p class="faint">${t('tryItLead')}</p>
<form method="post" action="/personal-center/use" class="filters" novalidate>${formToken(view.account)}
<div class="field"><label for="ak">${t('accessKeyId')}</label><input id="ak" name="ak" value="${ak}" required autocomplete="off" spellcheck="false" ${describedBy('ak', problems.ak !== undefined, false)}>${fieldProblem('ak', problems.ak && t(problems.ak))}</div>
<div class="field"><label for="sk">${t('secretKey')}</label><input id="sk" name="sk" type="password" required autocomplete="off" ${describedBy('sk', problems.sk !== undefined, false)}>${fieldProblem('sk', problems.sk && t(problems.sk))}</div>
<div class="buttons"><button class="primary">${t('tryItRun')}</button></div></form>
${trial && trial.kind !== 'incomplete' && trialResult(view, trial)}
</section>
<section class="card" aria-labelledby="snippets-title">
<h2 id="snippets-title">${t('snippets')}</h2><p class="faint">${t('useLead')}</p>
${snippets.map(
  ({ title = t('snippetPod'), code }, index) =>
    html`<details class="snippet" name="snippets" ${attribute('open', index === 0)}><summary>${title}</summary>${codeBlock(view, code, title)}</details>`,
)}
</section>`,
  });
}

function trialResult(view: View, trial: Exclude<Trial, { kind: 'incomplete' }>): Html {
  const { t } = view;
  if (trial.kind === 'failed') return notice({ kind: 'error', text: t('tryItFailed', { reason: trial.reason }) });
  return html`<div class="trial" id="trial"><h3>${t('tryItTokenStep')}</h3>${codeBlock(view, trial.token, t('token'))}
<h4>${t('claims')}</h4>${codeBlock(view, trial.claims, t('claims'))}
<h3>${t('tryItListStep')}</h3><p><code>${trial.request}</code></p>
${trial.listing === undefined ? notice({ kind: 'warning', text: t('tryItForbidden') }) : codeBlock(view, trial.listing, t('deployments'))}</div>`;
}
