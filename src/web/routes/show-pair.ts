import type { Hono } from 'hono';
import { auditKeyChange } from '../../http/common/audit.ts';
import { ConsoleError } from '../common/console-error.ts';
import { accessKeysPath } from '../common/paths.ts';
import type { Failure } from '../pages/components.ts';
import { alreadyShownPage, notReadablePage, shownPairPage, waitingPage } from '../pages/shown-pair.ts';
import { actsAsOperator } from '../session/session.ts';
import { awaitPair, type CreatedPair, type ExpectedPair, findDelay } from '../show-once/await-pair.ts';
import type { ShownPairs } from '../show-once/shown-pairs.ts';
import { findSubmittedPair, formIdOf } from '../show-once/submitted-pair.ts';
import { sealTicket, type Ticket, type Tickets } from '../show-once/ticket.ts';
import { signInMethodOf } from '../visitor/audited-api.ts';
import { MissingPermissionError } from '../visitor/key-api.ts';
import { describeMissingKeyPermission } from '../visitor/missing-permission.ts';
import type { ContinuedSessions } from './continued-session.ts';
import {
  type ConsoleDependencies,
  type ConsoleEnvironment,
  type PageContext,
  requireSessionKeys,
} from './dependencies.ts';
import { describeFailure, type FailureStatus } from './failure.ts';
import { isSessionEnded } from './guard.ts';

/** How long a response waits for the controller, milliseconds. */
const waitMs = 8_000;

/** Shows a pair once, after the visitor has created or rotated it. */
export interface PairDisplay {
  /** Waits for the pair and shows it. If it takes too long, shows a page with a ticket to check again. */
  show(context: PageContext, expected: ExpectedPair): Promise<Response>;
  /**
   * Continues for a form that has already created or rotated a pair, or that has the ticket of one: shows the pair, or
   * says that it was shown.
   *
   * @returns undefined for any other form
   */
  showAgain(context: PageContext): Promise<Response | undefined>;
}

/** What the pages of a pair share with the sessions that rotate their own pair. */
interface PairDisplayState {
  shownPairs: ShownPairs;
  tickets: Tickets;
  continuedSessions: Pick<ContinuedSessions, 'keep'>;
}

export function createPairDisplay(
  dependencies: ConsoleDependencies,
  { shownPairs, tickets, continuedSessions }: PairDisplayState,
): PairDisplay {
  const { caches, log } = dependencies;

  async function showWhenCreated(context: PageContext, ticket: Ticket): Promise<Response> {
    // A switch of the language or theme would load another page, which cannot show the pair.
    context.set('view', { ...context.get('view'), path: undefined });
    const created = await awaitPair(caches, ticket, waitMs);
    if (created) return showCreated(context, ticket, created);
    const delay = findDelay(caches, ticket);
    if (delay?.kind === 'deleted') throw new ConsoleError('rejectedNoPair', { pair: ticket.pair }, 404);
    const { t } = context.get('view');
    const failure = { text: t(delay ? 'stalledText' : 'waitingText'), quote: delay?.message };
    return showWaiting(context, ticket, { ...failure, isCreated: false, status: 200 });
  }

  async function showCreated(context: PageContext, ticket: Ticket, created: CreatedPair): Promise<Response> {
    const { namespace, accessKey, pair: name } = ticket;
    const { ak, secretName, keys } = created;
    const { api, user, session } = context.get('visitor');
    try {
      const pair = await api.readPair(namespace, secretName, keys);
      // Shows only the pair of the status, which only the operator writes. The Secret itself may have been edited.
      if (pair?.ak !== ak || !tickets.use(ticket)) throw new ConsoleError('ticketInvalid', {}, 409);
      await shownPairs.recordShown(context, await formIdOf(context), ticket);
      if (ticket.ownAk !== undefined) await continuedSessions.keep(context, pair);
      Object.assign(context.get('logFields'), { audit: true, event: 'web.pair-shown', ak, pairName: name });
      auditKeyChange(context, log, {
        action: 'revealed',
        actor: user.name,
        signedInWith: signInMethodOf(session),
        accessKey: `${namespace}/${accessKey}`,
        pairName: name,
        user: user.name,
      });
      return context.html(shownPairPage(context.get('view'), pair, { name, namespace, secret: secretName }));
    } catch (error) {
      if (isSessionEnded(error, context.get('visitor'))) throw error;
      return showProblem(context, ticket, secretName, error);
    }
  }

  /** The pair exists, but it cannot be shown: now, or to this visitor. */
  async function showProblem(context: PageContext, ticket: Ticket, secret: string, error: unknown): Promise<Response> {
    const { status, ...failure } = describeFailure(error, context);
    if (status >= 500) return showWaiting(context, ticket, { ...failure, isCreated: true, status });
    await shownPairs.recordRequest(context, await formIdOf(context), ticket);
    const { user, session } = context.get('visitor');
    const view = context.get('view');
    if (!(error instanceof MissingPermissionError) || actsAsOperator(session))
      return context.html(notReadablePage(view, ticket.pair, failure), status);
    const { namespace, accessKey, pair } = ticket;
    const missing = describeMissingKeyPermission(error.permission, user, { namespace, accessKey, secret });
    return context.html(notReadablePage(view, pair, { text: view.t('notReadable'), missing }));
  }

  async function showWaiting(
    context: PageContext,
    ticket: Ticket,
    { status, ...page }: Failure & { isCreated: boolean; status: 200 | FailureStatus },
  ): Promise<Response> {
    const renewed = tickets.renew(ticket);
    await shownPairs.recordRequest(context, await formIdOf(context), renewed);
    const sealed = await sealTicket(renewed, requireSessionKeys(dependencies));
    const hasEnded = ticket.ownAk !== undefined;
    if (hasEnded) await continuedSessions.keep(context);
    return context.html(waitingPage(context.get('view'), { ...page, ticket: sealed, hasEnded }), status);
  }

  return {
    show(context, expected) {
      const { session, pairName } = context.get('visitor');
      const isOwn = session.kind === 'pair' && pairName === expected.pair;
      return showWhenCreated(context, tickets.issue({ ...expected, ...(isOwn && { ownAk: session.ak }) }, session.id));
    },
    async showAgain(context) {
      const { pair, ticket } = await findSubmittedPair(context, shownPairs, requireSessionKeys(dependencies));
      if (!ticket) return pair === undefined ? undefined : context.html(alreadyShownPage(context.get('view'), pair));
      const { session, accessKey } = context.get('visitor');
      // The cache may not have the AccessKey yet.
      const isOwn = accessKey === undefined || accessKey.uid === ticket.uid;
      if (!isOwn || !tickets.isValid(ticket, session.id)) throw new ConsoleError('ticketInvalid', {}, 409);
      return showWhenCreated(context, ticket);
    },
  };
}

/** The form of the page that waits for a pair. */
export function addShowPairRoutes(app: Hono<ConsoleEnvironment>, display: PairDisplay): void {
  app.post(`${accessKeysPath}/reveal`, async (context) => {
    const shown = await display.showAgain(context);
    if (!shown) throw new ConsoleError('ticketInvalid', {}, 409);
    return shown;
  });
}
