import type { Hono } from 'hono';
import type { KeyPairSpec } from '../../accesskey/model/access-key-record.ts';
import { readForm } from '../common/form.ts';
import { changeKeyPairs, refuseManaged } from '../keys/change.ts';
import { changePair, requirePair } from '../keys/edits.ts';
import { dateOf, detailsOf, emptyInput, type PairInput, problemsOf, readPairInput } from '../keys/pair-input.ts';
import { pairFormPage } from '../pages/pair-form.ts';
import { accessKeysPath, donePath, generationOf, pairOf, requireLive } from './access-keys.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './environment.ts';
import { type FormState, type FormStatus, keepForm } from './form-answer.ts';

/** The form for what can be changed of a key. */
export function addEditPairRoutes(app: Hono<ConsoleEnvironment>, { now }: ConsoleDependencies): void {
  app.get(`${accessKeysPath}/:pair/edit`, async (context) => {
    const pair = pairOf(context);
    const live = await requireLive(context.get('visitor'), pair);
    refuseManaged(live, { action: 'edit', pair });
    const input = inputOf(requirePair(live.spec.keyPairs ?? [], pair));
    return editPage(context, { input, problems: {}, generation: live.generation });
  });

  app.post(`${accessKeysPath}/:pair/edit`, async (context) => {
    const form = await readForm(context.req);
    const pair = pairOf(context);
    const input = { ...readPairInput(form), name: pair };
    const page = { input, generation: generationOf(form.text('generation')) };
    const live = await requireLive(context.get('visitor'), pair);
    const former = requirePair(live.spec.keyPairs ?? [], pair).expiresAt;
    const problems = problemsOf(input, now());
    // A key that has expired may keep its day.
    if (former !== undefined && dateOf(former) === input.date) delete problems.date;
    if (Object.keys(problems).length > 0) return editPage(context, { ...page, problems }, 400);
    try {
      await changeKeyPairs(context.get('visitor'), {
        ...{ action: 'edit', pair, generation: page.generation },
        apply: (keyPairs) => changePair(keyPairs, pair, detailsOf(input, former)),
      });
      return context.redirect(donePath('edited', pair), 303);
    } catch (error) {
      return keepForm(context, error, (told, status) => editPage(context, { ...page, problems: {}, ...told }, status));
    }
  });

  function editPage(context: PageContext, state: FormState, status: FormStatus = 200): Response | Promise<Response> {
    const view = context.get('view');
    const { t } = view;
    const { name: pair } = state.input;
    const page = { title: t('editTitle', { pair }), action: `${accessKeysPath}/${pair}/edit`, submit: t('save') };
    const today = dateOf(new Date(now()).toISOString());
    return context.html(pairFormPage(view, { ...page, isNew: false, ...state, today }), status);
  }
}

function inputOf({ name, description = '', expiresAt }: KeyPairSpec): PairInput {
  const validity = expiresAt === undefined ? 'permanent' : 'custom';
  return { ...emptyInput, name, description, validity, date: expiresAt === undefined ? '' : dateOf(expiresAt) };
}
