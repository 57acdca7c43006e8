import { createHash } from 'node:crypto';
import { createFairLimit } from '../../access/limit.ts';
import type { Transport } from '../../kube/transport.ts';

/** Concurrent calls: all tokens share a pool of 32 connections, and one page may check 200 namespaces. */
const limits = { total: 24, perSubject: 8, waitingPerSubject: 400 };

/**
 * Limits the concurrent calls of each token, so that one person cannot use up the connections of all others.
 *
 * @returns a function that creates the transport of a token; `send` throws UndecidedError if too many calls are waiting
 */
export function createFairTransports(transportFor: (token: string) => Transport): (token: string) => Transport {
  const limit = createFairLimit(limits);
  return (token) => {
    const transport = transportFor(token);
    const subject = createHash('sha256').update(token).digest('base64url');
    return { ...transport, send: (request) => limit(subject, () => transport.send(request)) };
  };
}
