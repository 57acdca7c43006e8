import type { Hono } from 'hono';
import { auditKeyChange } from '../../http/common/audit.ts';
import { ConsoleError } from '../common/console-error.ts';
import { readForm } from '../common/form.ts';
import { MissingPermissionError } from '../keys/api.ts';
import { credentialOf } from '../keys/audited-api.ts';
import { awaitPair, type CreatedPair, type ExpectedPair, findDelay } from '../keys/await-pair.ts';
import { describeMissingKeyPermission } from '../keys/missing-permission.ts';
import { createTickets } from '../keys/ticket.ts';
import { alreadyShownPage, notReadablePage, shownPairPage, waitingPage } from '../pages/shown-pair.ts';
import { actsAsOperator } from '../session/session.ts';
import { formIdField, type ShownPairs } from '../session/shown-pairs.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './dependencies.ts';
import { describeFailure } from './failure.ts';
import { isSessionEnded, requireSessionKeys } from './guard.ts';
import { accessKeysPath } from './key-forms.ts';

/** How long a response waits for the controller, milliseconds. */
const waitMs = 8_000;

/** Shows a pair once, after the visitor has created or rotated it. */
export interface PairDisplay {
  /** Waits for the pair and shows it. If it takes too long, shows a page with a ticket to check again. */
  show(context: PageContext, expected: ExpectedPair): Promise<Response>;
  /** Does the same for the ticket of that page. */
  showWithTicket(context: PageContext, sealed: string | undefined): Promise<Response>;
  /** @returns the page that says that the pair was shown, if the submitted form has already created or rotated it */
  showAgain(context: PageContext): Promise<Response | undefined>;
}

export function createPairDisplay(dependencies: ConsoleDependencies, shownPairs: ShownPairs): PairDisplay {
  const { caches, log, now } = dependencies;
  const tickets = createTickets(now);

  async function showWhenCreated(context: PageContext, expected: ExpectedPair): Promise<Response> {
    // A switch of the language or theme would load another page, which cannot show the pair.
    context.set('view', { ...context.get('view'), path: undefined });
    const created = await awaitPair(caches, expected, waitMs);
    if (created) return showCreated(context, expected, created);
    const delay = findDelay(caches, expected);
    if (delay?.kind === 'deleted') throw new ConsoleError('rejectedNoPair', { pair: expected.pair }, 404);
    const sessionId = context.get('visitor').session.id;
    const ticket = await tickets.issue({ ...expected, sessionId }, requireSessionKeys(dependencies));
    return context.html(waitingPage(context.get('view'), ticket, delay?.message));
  }

  async function showCreated(context: PageContext, expected: ExpectedPair, created: CreatedPair): Promise<Response> {
    const { api, user, session } = context.get('visitor');
    const { namespace, accessKey, pair: name } = expected;
    const { ak, secretName, keys } = created;
    await shownPairs.record(context, await formIdOf(context), name);
    try {
      const pair = await api.readPair(namespace, secretName, keys);
      // Shows only the pair of the status, which only the operator writes. The Secret itself may have been edited.
      if (pair?.ak !== ak) throw new ConsoleError('ticketInvalid', {}, 409);
      Object.assign(context.get('logFields'), { audit: true, event: 'web.pair-shown', ak, pairName: name });
      auditKeyChange(context, log, {
        action: 'revealed',
        actor: user.name,
        signedInWith: credentialOf(session),
        accessKey: `${namespace}/${accessKey}`,
        pairName: name,
        user: user.name,
      });
      return context.html(shownPairPage(context.get('view'), pair, { name, namespace, secret: secretName }));
    } catch (error) {
      if (isSessionEnded(error, context.get('visitor'))) throw error;
      if (!(error instanceof MissingPermissionError) || actsAsOperator(session))
        return showProblem(context, name, error);
      const location = { namespace, accessKey, secret: secretName };
      const missing = describeMissingKeyPermission(error.permission, user, location);
      const { t } = context.get('view');
      return context.html(notReadablePage(context.get('view'), name, { text: t('notReadable'), missing }));
    }
  }

  /** The pair exists, but it cannot be shown. */
  function showProblem(context: PageContext, pair: string, error: unknown): Response | Promise<Response> {
    const { status, ...failure } = describeFailure(error, context);
    return context.html(notReadablePage(context.get('view'), pair, failure), status);
  }

  return {
    async show(context, expected) {
      await shownPairs.record(context, await formIdOf(context), expected.pair);
      return showWhenCreated(context, expected);
    },
    async showAgain(context) {
      const pair = await shownPairs.find(context, await formIdOf(context));
      return pair === undefined ? undefined : context.html(alreadyShownPage(context.get('view'), pair));
    },
    async showWithTicket(context, sealed = '') {
      const { session, accessKey } = context.get('visitor');
      const ticket = await tickets.read(sealed, session.id, requireSessionKeys(dependencies));
      const isOwn = ticket?.namespace === accessKey?.namespace && ticket?.accessKey === accessKey?.name;
      if (!ticket || !isOwn || !tickets.use(ticket)) throw new ConsoleError('ticketInvalid', {}, 409);
      return showWhenCreated(context, ticket);
    },
  };
}

/** The form of the page that waits for a pair. */
export function addShowPairRoutes(app: Hono<ConsoleEnvironment>, display: PairDisplay): void {
  app.post(`${accessKeysPath}/reveal`, async (context) => {
    const form = await readForm(context.req);
    return (await display.showAgain(context)) ?? display.showWithTicket(context, form.text('ticket'));
  });
}

async function formIdOf(context: PageContext): Promise<string | undefined> {
  return (await readForm(context.req)).text(formIdField);
}
