import { digestOf, type KeyPair } from '../../credential/key-pair.ts';
import { accessKeysPath } from '../common/paths.ts';
import type { Session } from '../session/session.ts';
import type { ShownPairs } from '../show-once/shown-pairs.ts';
import { findSubmittedPair } from '../show-once/submitted-pair.ts';
import type { Tickets } from '../show-once/ticket.ts';
import { createRotatedPairVisitors } from '../visitor/rotated-pair.ts';
import type { Visitor } from '../visitor/visitor.ts';
import { type ConsoleDependencies, type PageContext, requireSessionKeys } from './dependencies.ts';
import type { Sessions } from './sessions.ts';

/**
 * Sessions with a key pair that rotate their own pair. They end with the previous pair if there is no overlap, and
 * continue with the new one once they have seen it.
 */
export interface ContinuedSessions {
  /** @returns the visitor of such a session, who may only see the new pair, if the request is for that */
  visitorOf(context: PageContext, session: Session): Promise<Visitor | undefined>;
  /** Whether such a session has yet to see the new pair. */
  isPending(context: PageContext, session: Session): Promise<boolean>;
  /**
   * Writes the cookie of such a session, because another tab can have removed it meanwhile.
   *
   * @param pair continues the session, with the same ID and end; undefined: not created yet
   */
  keep(context: PageContext, pair?: KeyPair): Promise<void>;
}

/** The forms with which such a session sees its new pair. */
const showPaths = new RegExp(`^${accessKeysPath}/(?:reveal|[\\w-]+/rotate)$`);

export function createContinuedSessions(
  dependencies: ConsoleDependencies,
  {
    shownPairs,
    tickets,
    sessions,
  }: { shownPairs: ShownPairs; tickets: Pick<Tickets, 'isValid'>; sessions: Pick<Sessions, 'write'> },
): ContinuedSessions {
  const visitorOfRotated = createRotatedPairVisitors(dependencies);
  return {
    async visitorOf(context, session) {
      if (context.req.method !== 'POST' || !showPaths.test(context.req.path)) return undefined;
      const { ticket } = await findSubmittedPair(context, shownPairs, requireSessionKeys(dependencies));
      if (!ticket || !tickets.isValid(ticket, session.id)) return undefined;
      return visitorOfRotated({ session, ticket, address: context.get('clientAddress') });
    },
    async isPending(context, session) {
      if (session.kind !== 'pair') return false;
      const pending = await shownPairs.pendingTickets(context);
      return pending.some((one) => one.ownAk === session.ak && tickets.isValid(one, session.id));
    },
    async keep(context, pair) {
      const { session } = context.get('visitor');
      if (session.kind !== 'pair') return;
      const renewed = pair && { ak: pair.ak, digest: digestOf(pair.sk).toString('base64url') };
      await sessions.write(context, { ...session, ...renewed }, requireSessionKeys(dependencies));
    },
  };
}
