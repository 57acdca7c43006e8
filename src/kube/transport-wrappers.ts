/**
 * Transports that do something about each request, around one that sends it. They can be put around each other.
 */
import { KubernetesError, NotLeaderError } from './errors.ts';
import type { Transport, TransportRequest } from './transport.ts';

/**
 * A transport that writes only while this process leads. It asks immediately before each request goes out, also before
 * one that is sent again after a 401: time may pass while credentials are read.
 *
 * Everything but GET counts as a write, also what changes nothing, such as a SubjectAccessReview. The elector itself
 * must not use this one, it writes its Lease to become the leader.
 *
 * @param isLeader the elector's, see `lease.ts`
 * @returns a transport whose `send` throws NotLeaderError for a write that was not sent
 */
export function fencedTransport(transport: Transport, isLeader: () => boolean): Transport {
  function fence(request: TransportRequest): void {
    if (!isLeader()) throw new NotLeaderError(`${request.method}: not the leader, nothing was sent`);
  }
  return {
    server: transport.server,
    async send(request) {
      if (request.method === 'GET') return transport.send(request);
      fence(request);
      return transport.send({
        ...request,
        beforeSend() {
          request.beforeSend?.();
          fence(request);
        },
      });
    },
    close: () => transport.close(),
  };
}

/** A request that was sent, or tried to be. */
export interface SentRequest {
  method: TransportRequest['method'];
  /** Host and port of the API server. */
  host: string;
  /** HTTP status, or `<error>` when no answer came (client-go's word for it). */
  code: string;
  /** Until the head of the answer was there. */
  seconds: number;
}

/** What is told of requests. */
export interface TransportMetrics {
  requested(request: SentRequest): void;
}

/** A transport that tells of each request. One that was refused by the fence was never sent, and is not told. */
export function measuredTransport(transport: Transport, metrics: TransportMetrics): Transport {
  const { host } = new URL(transport.server);
  return {
    server: transport.server,
    async send(request) {
      const startedAt = performance.now();
      const tell = (code: string) =>
        metrics.requested({ method: request.method, host, code, seconds: (performance.now() - startedAt) / 1000 });
      try {
        const answer = await transport.send(request);
        tell(String(answer.statusCode));
        return answer;
      } catch (error) {
        if (!(error instanceof NotLeaderError)) tell(codeOf(error));
        throw error;
      }
    },
    close: () => transport.close(),
  };
}

/** A transport whose calls may take so long in all; for those that somebody waits for. */
export function boundedTransport(transport: Transport, timeoutMs: number): Transport {
  return {
    server: transport.server,
    send: (request) => transport.send({ timeoutMs, ...request }),
    close: () => transport.close(),
  };
}

function codeOf(error: unknown): string {
  return error instanceof KubernetesError ? String(error.status) : '<error>';
}
