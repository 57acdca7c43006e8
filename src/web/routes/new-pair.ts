import type { Hono } from 'hono';
import { isSystemName } from '../../kube/names.ts';
import { readForm } from '../common/form.ts';
import { RefusedError } from '../common/refused-error.ts';
import type { ExpectedPair } from '../keys/await-pair.ts';
import { changeKeyPairs, refuseManaged } from '../keys/change.ts';
import { addPair } from '../keys/edits.ts';
import { createFirst, type FirstChoices, firstProblems, maxGroups } from '../keys/first-key.ts';
import type { Namespaces } from '../keys/namespaces.ts';
import { dateOf, detailsOf, emptyInput, type PairInput, problemsOf, readPairInput } from '../keys/pair-input.ts';
import { readOwn, type Visitor } from '../keys/visitor.ts';
import { pairFormPage } from '../pages/pair-form.ts';
import { accessKeysPath, generationOf } from './access-keys.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './environment.ts';
import { type FormState, type FormStatus, keepForm } from './form-answer.ts';
import type { Reveal } from './reveal.ts';

/** The form for a new key; with the first one the AccessKey is made. */
export function addNewPairRoutes(
  app: Hono<ConsoleEnvironment>,
  { now }: ConsoleDependencies,
  { namespaces, reveal }: { namespaces: Namespaces; reveal: Reveal },
): void {
  app.get(`${accessKeysPath}/new`, async (context) => {
    const visitor = context.get('visitor');
    const live = await readOwn(visitor);
    if (live) {
      refuseManaged(live, { pair: '' });
      return newPage(context, { input: emptyInput, problems: {}, generation: live.generation });
    }
    const first = await firstChoices(visitor);
    const input = { ...emptyInput, groups: first.groups.slice(0, maxGroups), namespace: first.namespaces[0] ?? '' };
    return newPage(context, { input, problems: {}, generation: 0, first });
  });

  app.post(`${accessKeysPath}/new`, async (context) => {
    const visitor = context.get('visitor');
    const form = await readForm(context.req);
    const input = readPairInput(form);
    const generation = generationOf(form.text('generation'));
    const first = (await readOwn(visitor)) ? undefined : await firstChoices(visitor);
    const problems = { ...problemsOf(input, now()), ...(first && firstProblems(input, first)) };
    const page = { input, generation, ...(first && { first }) };
    if (Object.keys(problems).length > 0) return newPage(context, { ...page, problems }, 400);
    try {
      const expected = first ? await createFirst(visitor, input) : await addTo(visitor, input, generation);
      return await reveal.show(context, expected);
    } catch (error) {
      return keepForm(context, error, (told, status) => newPage(context, { ...page, problems: {}, ...told }, status));
    }
  });

  function newPage(context: PageContext, state: FormState, status: FormStatus = 200): Response | Promise<Response> {
    const view = context.get('view');
    const { t } = view;
    const page = { title: t('newTitle'), action: `${accessKeysPath}/new`, submit: t('createKey'), isNew: true };
    const today = dateOf(new Date(now()).toISOString());
    return context.html(pairFormPage(view, { ...page, ...state, today }), status);
  }

  async function firstChoices(visitor: Visitor): Promise<FirstChoices> {
    if (!visitor.may.create) throw new RefusedError('refusedNotOwn');
    const groups = visitor.user.groups.filter((group) => !isSystemName(group));
    return { namespaces: await namespaces.allFor(visitor), groups };
  }
}

/** Adds a pair to the AccessKey of a visitor, if its spec is still the one that was shown. */
async function addTo(visitor: Visitor, input: PairInput, generation: number): Promise<ExpectedPair> {
  const { name: pair } = input;
  const live = await changeKeyPairs(visitor, {
    ...{ pair, generation },
    apply: (keyPairs) => addPair(keyPairs, pair, detailsOf(input)),
  });
  return { namespace: live.namespace, accessKey: live.name, pair, revision: 1 };
}
