import type { Hono } from 'hono';
import { readForm } from '../common/form.ts';
import type { FetchedAccessKey } from '../keys/api.ts';
import { changeKeyPairs, requireUnmanaged } from '../keys/change-key-pairs.ts';
import { overlapChoice } from '../keys/overlap.ts';
import { fieldsOf, hasChanged, mergeInput, readBase } from '../keys/pair-conflict.ts';
import { detailsOf, inputOf, type PairInput, readPairInput, validatePairInput } from '../keys/pair-input.ts';
import { editPair, requirePair } from '../keys/pair-list.ts';
import { managedLimits } from '../keys/token-limits.ts';
import { type PairFormPage, pairFormPage } from '../pages/pair-form.ts';
import type { Flash } from '../session/flash.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './dependencies.ts';
import {
  accessKeysPath,
  type FormStatus,
  pairNameOf,
  parseGeneration,
  requireAccessKeyWithPair,
  showFormAgain,
} from './key-forms.ts';

/** The form to edit a key. */
export function addEditPairRoutes(app: Hono<ConsoleEnvironment>, { now }: ConsoleDependencies, flash: Flash): void {
  app.get(`${accessKeysPath}/:pair/edit`, async (context) => {
    const pair = pairNameOf(context);
    const fetched = await requireAccessKeyWithPair(context.get('visitor'), pair);
    requireUnmanaged(fetched, 'edit', pair);
    return showForm(context, fetched, { input: inputOf(requirePair(fetched.spec.keyPairs ?? [], pair)) });
  });

  app.post(`${accessKeysPath}/:pair/edit`, async (context) => {
    const form = await readForm(context.req);
    const pair = pairNameOf(context);
    const generation = parseGeneration(form.text('generation'));
    const fetched = await requireAccessKeyWithPair(context.get('visitor'), pair);
    const unchanged = Object.fromEntries(managedLimits(fetched, pair).map((field) => [field, undefined]));
    const input = { ...readPairInput(form), ...unchanged, name: pair };
    const current = requirePair(fetched.spec.keyPairs ?? [], pair);
    const base = readBase(form);
    if (fetched.generation !== generation && hasChanged(base, current)) {
      const text = context.get('view').t('editedMeanwhile');
      const merged = mergeInput(input, base, current, now());
      return showForm(context, fetched, { ...merged, notice: { kind: 'error', text } }, 409);
    }
    const problems = validate(input, fetched);
    if (Object.keys(problems).length > 0) return showForm(context, fetched, { input, problems }, 400);
    try {
      await changeKeyPairs(context.get('visitor'), {
        action: 'edit',
        pair,
        generation: fetched.generation,
        apply: (keyPairs) => editPair(keyPairs, pair, detailsOf(input, now(), current.expiresAt)),
      });
      await flash.write(context, { key: 'doneEdited', pair });
      return context.redirect(accessKeysPath, 303);
    } catch (error) {
      return showFormAgain(context, { error }, (notice, status) =>
        showForm(context, fetched, { input, ...notice }, status),
      );
    }
  });

  function validate(input: PairInput, fetched: FetchedAccessKey): PairFormPage['problems'] {
    const current = requirePair(fetched.spec.keyPairs ?? [], input.name);
    const isOffered = input.overlap === undefined || overlapChoice(fetched, current).options.includes(input.overlap);
    return { ...validatePairInput(input, now(), current.expiresAt), ...(!isOffered && { overlap: 'badOverlap' }) };
  }

  /** The form always has the values of the AccessKey as it was read last, so that another attempt to save succeeds. */
  function showForm(
    context: PageContext,
    fetched: FetchedAccessKey,
    state: Pick<PairFormPage, 'input' | 'differences' | 'notice'> & Partial<Pick<PairFormPage, 'problems'>>,
    status: FormStatus = 200,
  ): Response | Promise<Response> {
    const view = context.get('view');
    const { name: pair } = state.input;
    const current = requirePair(fetched.spec.keyPairs ?? [], pair);
    const page = {
      problems: {},
      ...state,
      title: view.t('editTitle', { pair }),
      action: `${accessKeysPath}/${pair}/edit`,
      submit: view.t('save'),
      isNew: false,
      generation: fetched.generation,
      base: fieldsOf(current),
      overlap: overlapChoice(fetched, current),
      managed: managedLimits(fetched, pair),
      now: now(),
    };
    return context.html(pairFormPage(view, page), status);
  }
}
