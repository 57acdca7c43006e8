import type { IncomingMessage } from 'node:http';
import { HTTPException } from 'hono/http-exception';
import { shareOf } from '../../kube/names.ts';

/**
 * Waits until expensive work of a request may run.
 *
 * @param subject the user or the network of the client; subjects take turns, ServiceAccounts of a namespace as one (`shareOf`)
 * @throws HTTPException 400 if the client has disconnected
 */
export type TakeTurn = (subject: string, incoming?: IncomingMessage) => Promise<void>;

interface Waiting {
  incoming: IncomingMessage | undefined;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Spreads expensive work over turns of the event loop, one request in each. Leader election and probes run in between,
 * however many expensive requests arrive at once, and a subject with many requests only delays its own.
 */
export function createTurns(): TakeTurn {
  const waiting = new Map<string, Waiting[]>();
  let isTaken = false;

  /** @returns the first request of the subject that has waited longest, which then waits behind the others */
  function shift(): Waiting | undefined {
    for (const [subject, requests] of waiting) {
      const first = requests.shift();
      waiting.delete(subject);
      if (requests.length > 0) waiting.set(subject, requests);
      return first;
    }
    return undefined;
  }

  function next(): void {
    for (let one = shift(); one; one = shift()) {
      if (!one.incoming?.socket?.destroyed) {
        one.resolve();
        setImmediate(next);
        return;
      }
      one.reject(new HTTPException(400));
    }
    isTaken = false;
  }

  return (subject, incoming) => {
    if (!isTaken) {
      isTaken = true;
      setImmediate(next);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const share = shareOf(subject);
      const requests = waiting.get(share) ?? [];
      requests.push({ incoming, resolve, reject });
      waiting.set(share, requests);
    });
  };
}
