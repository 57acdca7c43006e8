import type { Hono } from 'hono';
import type { KeyPairSpec } from '../../accesskey/access-key-record.ts';
import { isStatus } from '../../kube/errors.ts';
import type { ExpectedPair } from '../await-pair.ts';
import { changeKeyPairs, refuseManaged } from '../changes.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from '../environment.ts';
import { createFirst, firstProblems, maxGroups } from '../first-key.ts';
import { readForm } from '../form.ts';
import { addPair, changePair, requirePair } from '../key-pair-changes.ts';
import type { Namespaces } from '../namespaces.ts';
import { type PairFormPage, pairFormPage } from '../pages/pair-form.ts';
import { dateOf, detailsOf, emptyInput, type PairInput, problemsOf, readPairInput } from '../pair-form.ts';
import { RefusedError } from '../refused-error.ts';
import type { Reveal } from '../reveal.ts';
import { readOwn, type Visitor } from '../visitor.ts';
import { accessKeysPath, donePath, generationOf, pairOf, requireLive } from './access-key-routes.ts';

/** The forms for a new key, the first one included, and for changing one. */
export function addPairFormRoutes(
  app: Hono<ConsoleEnvironment>,
  { now }: ConsoleDependencies,
  { namespaces, reveal }: { namespaces: Namespaces; reveal: Reveal },
): void {
  const today = () => dateOf(new Date(now()).toISOString());

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
    const form = await readForm(context);
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

  app.get(`${accessKeysPath}/:pair/edit`, async (context) => {
    const pair = pairOf(context);
    const live = await requireLive(context.get('visitor'), pair);
    refuseManaged(live, { action: 'edit', pair });
    const input = inputOf(requirePair(live.spec.keyPairs ?? [], pair));
    return editPage(context, { input, problems: {}, generation: live.generation });
  });

  app.post(`${accessKeysPath}/:pair/edit`, async (context) => {
    const form = await readForm(context);
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

  type FormState = Pick<PairFormPage, 'input' | 'problems' | 'generation' | 'first' | 'notice'>;

  function newPage(context: PageContext, state: FormState, status: FormStatus = 200): Response | Promise<Response> {
    const { t } = context.get('view');
    const page = { title: t('newTitle'), action: `${accessKeysPath}/new`, submit: t('createKey'), isNew: true };
    return context.html(pairFormPage(context.get('view'), { ...page, ...state, today: today() }), status);
  }

  function editPage(context: PageContext, state: FormState, status: FormStatus = 200): Response | Promise<Response> {
    const { t } = context.get('view');
    const { name: pair } = state.input;
    const page = { title: t('editTitle', { pair }), action: `${accessKeysPath}/${pair}/edit`, submit: t('save') };
    return context.html(pairFormPage(context.get('view'), { ...page, isNew: false, ...state, today: today() }), status);
  }

  async function firstChoices(visitor: Visitor): Promise<NonNullable<PairFormPage['first']>> {
    if (!visitor.may.create) throw new RefusedError('refusedNotOwn');
    const groups = visitor.user.groups.filter((group) => !group.startsWith('system:'));
    return { namespaces: await namespaces.allFor(visitor), groups };
  }
}

type FormStatus = 200 | 400 | 403 | 404 | 409 | 422 | 429 | 503;

/** Shows the form again with what was entered, and says why it was not taken. Other errors go on. */
function keepForm(
  context: PageContext,
  error: unknown,
  show: (told: Pick<PairFormPage, 'notice'>, status: FormStatus) => Response | Promise<Response>,
): Response | Promise<Response> {
  const { t } = context.get('view');
  if (error instanceof RefusedError) {
    return show({ notice: { kind: 'error', text: t(error.key, error.values) } }, error.status);
  }
  if (error instanceof Error && isStatus(error, 403)) {
    return show({ notice: { kind: 'error', text: `${t('errorForbidden')} ${error.message}` } }, 403);
  }
  throw error;
}

async function addTo(visitor: Visitor, input: PairInput, generation: number): Promise<ExpectedPair> {
  const { name: pair } = input;
  const live = await changeKeyPairs(visitor, {
    ...{ pair, generation },
    apply: (keyPairs) => addPair(keyPairs, pair, detailsOf(input)),
  });
  return { namespace: live.namespace, accessKey: live.name, pair, revision: 1 };
}

function inputOf({ name, description = '', expiresAt }: KeyPairSpec): PairInput {
  const validity = expiresAt === undefined ? 'permanent' : 'custom';
  return { ...emptyInput, name, description, validity, date: expiresAt === undefined ? '' : dateOf(expiresAt) };
}
