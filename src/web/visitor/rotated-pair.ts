/** Sessions with a key pair that have rotated it without an overlap, until they have seen the new pair. */
import { revisionOf } from '../../accesskey/change/edit-pairs.ts';
import { type AccessKeyRecord, pairSpecOf, pairStatusOf } from '../../accesskey/model/access-key-record.ts';
import { holdsUser, isBeingDeleted } from '../../accesskey/model/caches.ts';
import { isAddressAllowed } from '../../accesskey/model/networks.ts';
import { isAllowedBySpec } from '../../accesskey/model/pair-state.ts';
import { ConsoleError } from '../common/console-error.ts';
import type { Session } from '../session/session.ts';
import type { Ticket } from '../show-once/ticket.ts';
import { createKeyApi, type KeyApi } from './key-api.ts';
import type { Visitor, VisitorDependencies } from './visitor.ts';

/** A session, and the valid ticket that it got for rotating its own pair. */
export interface RotatedPair {
  session: Session;
  ticket: Ticket;
  /** Of the client. */
  address: string;
}

/**
 * The pair of such a session is no longer live, so only its ticket proves that it has requested the rotation. The ticket
 * allows reading the pair of exactly this rotation, and nothing else. If the pair was rotated again, disabled or limited
 * to other networks since, the session must not see it.
 *
 * @returns a function that returns the visitor, or undefined if the session has ended for another reason
 */
export function createRotatedPairVisitors({
  caches,
  transport,
  options,
  now,
}: Pick<VisitorDependencies, 'caches' | 'transport' | 'options' | 'now'>): (
  rotated: RotatedPair,
) => Visitor | undefined {
  const api = createKeyApi(transport);

  function find({ ticket, address }: RotatedPair): AccessKeyRecord | undefined {
    const record = caches.accessKeys.get(`${ticket.namespace}/${ticket.accessKey}`);
    const pair = record && pairSpecOf(record, ticket.pair);
    if (!pair || record?.uid !== ticket.uid || isBeingDeleted(caches, record) || !holdsUser(caches, record))
      return undefined;
    if (!isAllowedBySpec(record, pair, now()) || !isAddressAllowed(pair.allowedCIDRs, address)) return undefined;
    return revisionOf(record, pair) === ticket.revision ? record : undefined;
  }

  function limitedApi(rotated: RotatedPair): KeyApi {
    const reject = () => Promise.reject(new ConsoleError('rejectedPairNotLive'));
    return {
      ...{ read: reject, create: reject, replaceKeyPairs: reject, may: async () => false },
      async readPair(namespace, secretName, keys) {
        const record = find(rotated);
        const isPlace = pairStatusOf(record ?? { status: {} }, rotated.ticket.pair)?.secretName === secretName;
        if (record?.namespace !== namespace || !isPlace) throw new ConsoleError('ticketInvalid', {}, 409);
        return api.readPair(namespace, secretName, keys);
      },
    };
  }

  return (rotated) => {
    const { session, ticket } = rotated;
    if (options.keyPairSignIn !== 'manage' || session.kind !== 'pair' || session.ak !== ticket.ownAk) return undefined;
    const record = find(rotated);
    if (!record) return undefined;
    const { name, groups = [] } = record.spec.user;
    const may = { create: false, manage: false };
    return { session, user: { name, groups }, accessKey: record, pairName: ticket.pair, api: limitedApi(rotated), may };
  };
}
