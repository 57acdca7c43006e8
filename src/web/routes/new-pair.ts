import type { Hono } from 'hono';
import { ConsoleError } from '../common/console-error.ts';
import { readForm } from '../common/form.ts';
import type { ExpectedPair } from '../keys/await-pair.ts';
import { changeKeyPairs, requireUnmanagedList } from '../keys/change-key-pairs.ts';
import {
  createFirstKey,
  type FirstChoices,
  maxGroups,
  type Namespaces,
  validateFirstChoices,
} from '../keys/first-key.ts';
import { dateOf, detailsOf, emptyInput, type PairInput, readPairInput, validatePairInput } from '../keys/pair-input.ts';
import { addPair } from '../keys/pair-list.ts';
import { ownGroups, readAccessKey, type Visitor } from '../keys/visitor.ts';
import { pairFormPage } from '../pages/pair-form.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './dependencies.ts';
import { accessKeysPath, type FormState, type FormStatus, parseGeneration, showFormAgain } from './key-forms.ts';
import type { PairDisplay } from './show-pair.ts';

/** The form to create a key. The first key also creates the AccessKey. */
export function addNewPairRoutes(
  app: Hono<ConsoleEnvironment>,
  { now }: ConsoleDependencies,
  { namespaces, display }: { namespaces: Namespaces; display: PairDisplay },
): void {
  app.get(`${accessKeysPath}/new`, async (context) => {
    const visitor = context.get('visitor');
    const fetched = await readAccessKey(visitor);
    if (fetched) {
      requireUnmanagedList(fetched);
      return showForm(context, { input: emptyInput, problems: {}, generation: fetched.generation });
    }
    const first = await firstChoices(visitor);
    const input = { ...emptyInput, groups: first.groups.slice(0, maxGroups), namespace: first.namespaces[0] ?? '' };
    return showForm(context, { input, problems: {}, generation: 0, first });
  });

  app.post(`${accessKeysPath}/new`, async (context) => {
    const visitor = context.get('visitor');
    const form = await readForm(context.req);
    const input = readPairInput(form);
    const generation = parseGeneration(form.text('generation'));
    const first = (await readAccessKey(visitor)) ? undefined : await firstChoices(visitor);
    const problems = { ...validatePairInput(input, now()), ...(first && validateFirstChoices(input, first)) };
    const state = { input, generation, ...(first && { first }) };
    if (Object.keys(problems).length > 0) return showForm(context, { ...state, problems }, 400);
    try {
      const expected = first ? await createFirstKey(visitor, input) : await addToAccessKey(visitor, input, generation);
      return await display.show(context, expected);
    } catch (error) {
      return showFormAgain(context, { error, namespace: input.namespace }, (notice, status) =>
        showForm(context, { ...state, problems: {}, ...notice }, status),
      );
    }
  });

  function showForm(context: PageContext, state: FormState, status: FormStatus = 200): Response | Promise<Response> {
    const view = context.get('view');
    const { t } = view;
    const page = {
      ...state,
      title: t('newTitle'),
      action: `${accessKeysPath}/new`,
      submit: t('createKey'),
      isNew: true,
      today: dateOf(new Date(now()).toISOString()),
    };
    return context.html(pairFormPage(view, page), status);
  }

  async function firstChoices(visitor: Visitor): Promise<FirstChoices> {
    if (!visitor.may.create) throw new ConsoleError('rejectedNotOwn');
    return { namespaces: await namespaces.allFor(visitor), groups: ownGroups(visitor.user) };
  }
}

/** Adds a pair to the visitor's AccessKey, unless its spec has changed since the form was rendered. */
async function addToAccessKey(visitor: Visitor, input: PairInput, generation: number): Promise<ExpectedPair> {
  const { name: pair } = input;
  const fetched = await changeKeyPairs(visitor, {
    pair,
    generation,
    apply: (keyPairs) => addPair(keyPairs, pair, detailsOf(input)),
  });
  return { namespace: fetched.namespace, accessKey: fetched.name, uid: fetched.uid, pair, revision: 1 };
}
