import { createHash } from 'node:crypto';
import { createFairLimit } from '../../access/limit.ts';
import type { Transport } from '../../kube/transport.ts';

/** Calls at the same time: all tokens share one pool of 32 connections, and one page may ask about 200 namespaces. */
const limits = { total: 24, perOwner: 8, waitingPerOwner: 400 };

/**
 * Transports with tokens of others, so limited that the pages of one person leave room for those of others.
 *
 * @returns transports whose `send` throws UndecidedError when too many calls of the token wait already
 */
export function createFairTransports(withToken: (token: string) => Transport): (token: string) => Transport {
  const limit = createFairLimit(limits);
  return (token) => {
    const transport = withToken(token);
    const owner = createHash('sha256').update(token).digest('base64url');
    return { ...transport, send: (request) => limit(owner, () => transport.send(request)) };
  };
}
