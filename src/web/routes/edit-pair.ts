import type { Hono } from 'hono';
import type { KeyPairSpec } from '../../accesskey/model/access-key-record.ts';
import { readForm } from '../common/form.ts';
import { changeKeyPairs, requireUnmanaged } from '../keys/change-key-pairs.ts';
import { dateOf, detailsOf, emptyInput, type PairInput, readPairInput, validatePairInput } from '../keys/pair-input.ts';
import { editPair, requirePair } from '../keys/pair-list.ts';
import { pairFormPage } from '../pages/pair-form.ts';
import { donePath } from './access-keys.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './dependencies.ts';
import {
  accessKeysPath,
  type FormState,
  type FormStatus,
  pairNameOf,
  parseGeneration,
  requireAccessKeyWithPair,
  showFormAgain,
} from './key-forms.ts';

/** The form to edit a key. */
export function addEditPairRoutes(app: Hono<ConsoleEnvironment>, { now }: ConsoleDependencies): void {
  app.get(`${accessKeysPath}/:pair/edit`, async (context) => {
    const pair = pairNameOf(context);
    const fetched = await requireAccessKeyWithPair(context.get('visitor'), pair);
    requireUnmanaged(fetched, 'edit', pair);
    const input = inputOf(requirePair(fetched.spec.keyPairs ?? [], pair));
    return showForm(context, { input, problems: {}, generation: fetched.generation });
  });

  app.post(`${accessKeysPath}/:pair/edit`, async (context) => {
    const form = await readForm(context.req);
    const pair = pairNameOf(context);
    const input = { ...readPairInput(form), name: pair };
    const state = { input, generation: parseGeneration(form.text('generation')) };
    const fetched = await requireAccessKeyWithPair(context.get('visitor'), pair);
    const currentExpiry = requirePair(fetched.spec.keyPairs ?? [], pair).expiresAt;
    const problems = validatePairInput(input, now(), currentExpiry);
    if (Object.keys(problems).length > 0) return showForm(context, { ...state, problems }, 400);
    try {
      await changeKeyPairs(context.get('visitor'), {
        action: 'edit',
        pair,
        generation: state.generation,
        apply: (keyPairs) => editPair(keyPairs, pair, detailsOf(input, currentExpiry)),
      });
      return context.redirect(donePath('edited', pair), 303);
    } catch (error) {
      return showFormAgain(context, { error }, (notice, status) =>
        showForm(context, { ...state, problems: {}, ...notice }, status),
      );
    }
  });

  function showForm(context: PageContext, state: FormState, status: FormStatus = 200): Response | Promise<Response> {
    const view = context.get('view');
    const { t } = view;
    const { name: pair } = state.input;
    const page = {
      ...state,
      title: t('editTitle', { pair }),
      action: `${accessKeysPath}/${pair}/edit`,
      submit: t('save'),
      isNew: false,
      today: dateOf(new Date(now()).toISOString()),
    };
    return context.html(pairFormPage(view, page), status);
  }
}

function inputOf({ name, description = '', expiresAt }: KeyPairSpec): PairInput {
  const validity = expiresAt === undefined ? 'permanent' : 'custom';
  return { ...emptyInput, name, description, validity, date: expiresAt === undefined ? '' : dateOf(expiresAt) };
}
