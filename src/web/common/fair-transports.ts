import { createHash } from 'node:crypto';
import { createFairLimit } from '../../access/limit.ts';
import { shareOf } from '../../kube/names.ts';
import type { Transport } from '../../kube/transport.ts';

/** Concurrent calls: all tokens share a pool of 32 connections, and one page may check 200 namespaces. */
const limits = { total: 24, perSubject: 8, waitingPerSubject: 400 };

/**
 * The transport of a token.
 *
 * @param user whose token it is, once it was reviewed: all tokens of a user have one share (`shareOf`)
 */
export type TransportFor = (token: string, user?: string) => Transport;

/**
 * Limits the concurrent calls of each user, and of each token that was not reviewed yet, so that one person cannot use up the
 * connections of all others.
 *
 * @returns a function that creates the transport of a token; `send` throws UndecidedError if too many calls are waiting
 */
export function createFairTransports(transportFor: (token: string) => Transport): TransportFor {
  const limit = createFairLimit(limits);
  return (token, user) => {
    const transport = transportFor(token);
    const subject = user === undefined ? createHash('sha256').update(token).digest('base64url') : shareOf(user);
    return { ...transport, send: (request) => limit(subject, () => transport.send(request)) };
  };
}
