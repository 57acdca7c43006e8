import type { Hono } from 'hono';
import type { FetchedAccessKey } from '../../accesskey/change/access-key-api.ts';
import { ConsoleError } from '../common/console-error.ts';
import { readForm } from '../common/form.ts';
import { accessKeysPath } from '../common/paths.ts';
import { canEditAudiences, changedAudiences } from '../keys/audiences.ts';
import { changeKeyPairs, requireUnmanagedList } from '../keys/change-key-pairs.ts';
import {
  createFirstKey,
  type FirstChoices,
  maxGroups,
  type Namespaces,
  validateFirstChoices,
} from '../keys/first-key.ts';
import {
  detailsOf,
  newInput,
  type PairInput,
  type Problems,
  readPairInput,
  validatePairInput,
} from '../keys/pair-input.ts';
import { addPair, whyNotAdd } from '../keys/pair-list.ts';
import { errorPage } from '../pages/layout.ts';
import { type PairFormPage, pairFormPage } from '../pages/pair-form.ts';
import type { ExpectedPair } from '../show-once/await-pair.ts';
import { permissionToCreate } from '../visitor/key-api.ts';
import { describeMissingKeyPermission } from '../visitor/missing-permission.ts';
import { ownGroups, readAccessKey, type Visitor } from '../visitor/visitor.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './dependencies.ts';
import { type FormStatus, parseGeneration, showFormAgain } from './key-forms.ts';
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
      const reason = whyNotAdd(fetched.spec.keyPairs ?? []);
      if (reason) throw reason;
      return showForm(context, { input: blankInput(visitor, fetched), generation: fetched.generation });
    }
    const first = await firstChoices(visitor);
    const input = {
      ...blankInput(visitor),
      groups: first.groups.slice(0, maxGroups),
      namespace: first.namespaces[0] ?? '',
    };
    return first.namespaces.length === 0
      ? showMissingPermission(context)
      : showForm(context, { input, generation: 0, first });
  });

  app.post(`${accessKeysPath}/new`, async (context) => {
    const shown = await display.showAgain(context);
    if (shown) return shown;
    const visitor = context.get('visitor');
    const form = await readForm(context.req);
    const fetched = await readAccessKey(visitor);
    const entered = readPairInput(form);
    const input = canEditAudiences(visitor.session, fetched) ? entered : { ...entered, audiences: undefined };
    const first = fetched ? undefined : await firstChoices(visitor);
    const state = { input, generation: fetched?.generation ?? 0, ...(first && { first }) };
    const problems = { ...validate(input, fetched), ...(first && validateFirstChoices(input, first)) };
    const hasProblem = Object.keys(problems).length > 0;
    if (parseGeneration(form.text('generation')) !== state.generation) {
      return showForm(context, { ...state, problems, notice: changedNotice(context, fetched) }, 409);
    }
    if (hasProblem) return showForm(context, { ...state, problems }, 400);
    let expected: ExpectedPair;
    try {
      expected = fetched ? await addToAccessKey(visitor, input, fetched) : await createFirstKey(visitor, input, now());
    } catch (error) {
      return showFormAgain(context, { error, namespace: input.namespace }, (notice, status) =>
        showForm(context, { ...state, ...notice }, status),
      );
    }
    // From here on the key exists: an error must not show the form again.
    return display.show(context, expected);
  });

  function validate(input: PairInput, fetched: FetchedAccessKey | undefined): Problems {
    const isTaken = fetched?.spec.keyPairs?.some(({ name }) => name === input.name);
    return {
      ...validatePairInput(input, now(), { audiences: fetched?.spec.audiences ?? [] }),
      ...(isTaken && { name: 'rejectedNameTaken' }),
    };
  }

  function showForm(
    context: PageContext,
    state: Pick<PairFormPage, 'input' | 'generation' | 'first' | 'notice'> & Partial<Pick<PairFormPage, 'problems'>>,
    status: FormStatus = 200,
  ): Response | Promise<Response> {
    const view = context.get('view');
    const { t } = view;
    const page = {
      problems: {},
      ...state,
      title: t('createKey'),
      action: `${accessKeysPath}/new`,
      submit: t('createKey'),
      isNew: true,
      now: now(),
    };
    return context.html(pairFormPage(view, page), status);
  }

  async function firstChoices(visitor: Visitor): Promise<FirstChoices> {
    if (!visitor.may.create) throw new ConsoleError('rejectedNotOwn');
    return { namespaces: await namespaces.allFor(visitor), groups: ownGroups(visitor.user) };
  }

  /** Adds a pair to the visitor's AccessKey, unless its spec has changed since it was read. */
  async function addToAccessKey(visitor: Visitor, input: PairInput, read: FetchedAccessKey): Promise<ExpectedPair> {
    const { name: pair } = input;
    const { namespace, name, uid, generation } = await changeKeyPairs(visitor, {
      pair,
      generation: read.generation,
      audiences: changedAudiences(input.audiences, read.spec.audiences),
      apply: (keyPairs, { status }) => addPair(keyPairs, pair, detailsOf(input, now()), status),
    });
    return { namespace, accessKey: name, uid, pair, revision: 1, generation: generation + 1 };
  }
}

/** The empty form, with the audiences of the AccessKey if they can be changed. */
function blankInput({ session }: Visitor, fetched?: FetchedAccessKey): PairInput {
  const audiences = fetched?.spec.audiences ?? [];
  return canEditAudiences(session, fetched) ? { ...newInput, audiences: audiences.join('\n') } : newInput;
}

/** Says what has changed since the form was rendered. The form shown with it can be submitted. */
function changedNotice(context: PageContext, fetched: FetchedAccessKey | undefined): PairFormPage['notice'] {
  const { t } = context.get('view');
  if (!fetched) return { kind: 'error', text: t('deletedMeanwhile') };
  const keyPairs = fetched.spec.keyPairs ?? [];
  const reason = whyNotAdd(keyPairs);
  const names = keyPairs.map(({ name, enabled }) => (enabled === false ? `${name} (${t('stateDisabled')})` : name));
  const text = [
    t('rejectedChanged'),
    t('keysNow', { names: names.length === 0 ? t('none') : names.join(', ') }),
    ...(reason ? [t(reason.key, reason.values)] : []),
  ];
  return { kind: 'error', text: text.join(' ') };
}

function showMissingPermission(context: PageContext): Response | Promise<Response> {
  const view = context.get('view');
  const missing = describeMissingKeyPermission(permissionToCreate, context.get('visitor').user, {});
  return context.html(errorPage(view, { title: view.t('createKey'), text: view.t('missingPermission'), missing }), 403);
}
