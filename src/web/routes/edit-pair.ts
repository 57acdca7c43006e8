import type { Hono } from 'hono';
import type { FetchedAccessKey } from '../../accesskey/change/access-key-api.ts';
import { readForm } from '../common/form.ts';
import { accessKeysPath } from '../common/paths.ts';
import { canEditAudiences, changedAudiences } from '../keys/audiences.ts';
import { changeKeyPairs, requireUnmanaged } from '../keys/change-key-pairs.ts';
import { overlapChoice } from '../keys/overlap.ts';
import { fieldsOf, hasChanged, mergeInput, readBase } from '../keys/pair-conflict.ts';
import { detailsOf, inputOf, type PairInput, readPairInput, validatePairInput } from '../keys/pair-input.ts';
import { editPair, requirePair } from '../keys/pair-list.ts';
import { managedOptions } from '../keys/pair-options.ts';
import { type PairFormPage, pairFormPage } from '../pages/pair-form.ts';
import type { Flash } from '../session/flash.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './dependencies.ts';
import { type FormStatus, pairNameOf, parseGeneration, requireAccessKeyWithPair, showFormAgain } from './key-forms.ts';

/** The form to edit a key. */
export function addEditPairRoutes(app: Hono<ConsoleEnvironment>, { now }: ConsoleDependencies, flash: Flash): void {
  app.get(`${accessKeysPath}/:pair/edit`, async (context) => {
    const pair = pairNameOf(context);
    const fetched = await requireAccessKeyWithPair(context.get('visitor'), pair);
    requireUnmanaged(fetched, 'edit', pair);
    const current = requirePair(fetched.spec.keyPairs ?? [], pair);
    return showForm(context, fetched, {
      input: { ...inputOf(current, fetched.spec.audiences ?? []), ...unchangeable(context, fetched, pair) },
    });
  });

  app.post(`${accessKeysPath}/:pair/edit`, async (context) => {
    const form = await readForm(context.req);
    const pair = pairNameOf(context);
    const generation = parseGeneration(form.text('generation'));
    const fetched = await requireAccessKeyWithPair(context.get('visitor'), pair);
    const input = { ...readPairInput(form), ...unchangeable(context, fetched, pair), name: pair };
    const current = requirePair(fetched.spec.keyPairs ?? [], pair);
    const base = readBase(form);
    const { audiences } = fetched.spec;
    if (fetched.generation !== generation && hasChanged(base, fieldsOf(current, audiences))) {
      const text = context.get('view').t('editedMeanwhile');
      const merged = mergeInput(input, base, { pair: current, audiences }, now());
      return showForm(context, fetched, { ...merged, notice: { kind: 'error', text } }, 409);
    }
    const problems = validate(input, fetched);
    if (Object.keys(problems).length > 0) return showForm(context, fetched, { input, problems }, 400);
    try {
      await changeKeyPairs(context.get('visitor'), {
        action: 'edit',
        pair,
        generation: fetched.generation,
        audiences: changedAudiences(input.audiences, audiences),
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

  /** The fields that the form does not have, whatever was sent. */
  function unchangeable(context: PageContext, fetched: FetchedAccessKey, pair: string): Partial<PairInput> {
    const managed = Object.fromEntries(managedOptions(fetched, pair).map((field) => [field, undefined]));
    const hasAudiences = canEditAudiences(context.get('visitor').session, fetched);
    return { ...managed, ...(!hasAudiences && { audiences: undefined }) };
  }

  function validate(input: PairInput, fetched: FetchedAccessKey): PairFormPage['problems'] {
    const current = requirePair(fetched.spec.keyPairs ?? [], input.name);
    const isOffered = input.overlap === undefined || overlapChoice(fetched, current).options.includes(input.overlap);
    const context = { pair: current, audiences: fetched.spec.audiences ?? [] };
    return { ...validatePairInput(input, now(), context), ...(!isOffered && { overlap: 'badOverlap' }) };
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
      base: fieldsOf(current, fetched.spec.audiences),
      overlap: overlapChoice(fetched, current),
      now: now(),
    };
    return context.html(pairFormPage(view, page), status);
  }
}
