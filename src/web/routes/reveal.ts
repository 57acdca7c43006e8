import { dataKeysOf } from '../../accesskey/model/access-key-record.ts';
import { isStatus } from '../../kube/errors.ts';
import { RefusedError } from '../common/refused-error.ts';
import type { Right } from '../keys/api.ts';
import { awaitPair, type ExpectedPair, type MadePair } from '../keys/await-pair.ts';
import { requirePair } from '../keys/edits.ts';
import { createTickets } from '../keys/ticket.ts';
import { notReadablePage, shownPairPage, waitingPage } from '../pages/shown-pair.ts';
import type { ConsoleDependencies, PageContext } from './environment.ts';
import { requireSessionKeys } from './guard.ts';
import { describeRight, grantCommand } from './key-content.ts';

/** How long an answer waits for the controller, milliseconds. */
const patienceMs = 8_000;

/** Shows a pair that a visitor has just asked for, once. */
export interface Reveal {
  /** Waits for the pair, and shows it; else gives a page from which one can look again. */
  show(context: PageContext, expected: ExpectedPair): Promise<Response>;
  /** The same by the ticket of that page. */
  showByTicket(context: PageContext, sealed: string | undefined): Promise<Response>;
}

export function createReveal(dependencies: ConsoleDependencies): Reveal {
  const { caches, now } = dependencies;
  const tickets = createTickets(now);

  async function show(context: PageContext, expected: ExpectedPair): Promise<Response> {
    const made = await awaitPair(caches, expected, patienceMs);
    if (made) return showMade(context, expected, made);
    const sessionId = context.get('visitor').session.id;
    const ticket = await tickets.give({ ...expected, sessionId }, requireSessionKeys(dependencies));
    return context.html(waitingPage(context.get('view'), ticket));
  }

  async function showMade(context: PageContext, expected: ExpectedPair, made: MadePair): Promise<Response> {
    const { api, user } = context.get('visitor');
    const { namespace, accessKey, pair: name } = expected;
    const { spec } = await api.read(namespace, accessKey);
    const keys = dataKeysOf(requirePair(spec.keyPairs ?? [], name));
    const place = { name, namespace, secret: made.secretName };
    try {
      const pair = await api.readPair(namespace, made.secretName, keys);
      // Only the pair that the status names, which the operator alone writes: not whatever else a Secret may hold.
      if (pair?.ak !== made.ak) throw new RefusedError('ticketOver', {}, 409);
      Object.assign(context.get('logFields'), { audit: true, event: 'web.pair-shown', ak: made.ak, pairName: name });
      return context.html(shownPairPage(context.get('view'), pair, place));
    } catch (error) {
      if (!isStatus(error, 403)) throw error;
      const right: Right = { verb: 'get', group: '', resource: 'secrets', namespace, name: made.secretName };
      return context.html(notReadablePage(context.get('view'), describeRight(right), grantCommand(right, user)));
    }
  }

  return {
    show,
    async showByTicket(context, sealed = '') {
      const { session, own } = context.get('visitor');
      const ticket = await tickets.read(sealed, session.id, requireSessionKeys(dependencies));
      const isOwn = ticket?.namespace === own?.namespace && ticket?.accessKey === own?.name;
      if (!ticket || !isOwn || !tickets.use(ticket)) throw new RefusedError('ticketOver', {}, 409);
      return show(context, ticket);
    },
  };
}
