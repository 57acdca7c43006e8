/**
 * Transports that wrap another transport, to guard, measure or limit its requests. They can be combined.
 */
import { ConnectionError, isStatus, KubernetesError, NotLeaderError } from './errors.ts';
import { createPace } from './pace.ts';
import type { Transport, TransportRequest } from './transport.ts';

/**
 * Writes only while this process is the leader. Checks leadership immediately before each request is written, including
 * a retry after a 401, because reading credentials takes time.
 *
 * Every method but GET counts as a write, even if it changes nothing, such as a SubjectAccessReview. The leader elector
 * must not use this transport, because it writes its Lease in order to become the leader.
 *
 * @param isLeader see `leader-elector.ts`
 * @returns a transport whose `send` throws NotLeaderError for a write that was not sent
 */
export function fencedTransport(transport: Transport, isLeader: () => boolean): Transport {
  function fence(request: TransportRequest): void {
    if (!isLeader()) throw new NotLeaderError(`${request.method} not sent: this process is not the leader`);
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

/** The measurement of one request. */
export interface SentRequest {
  method: TransportRequest['method'];
  /** Host and port of the API server. */
  host: string;
  /** HTTP status, or `<error>` without a response, as in client-go. */
  code: string;
  /** Time until the headers of the response arrived. */
  seconds: number;
}

export interface TransportMetrics {
  /** A transport to this host and port was created. */
  opened(host: string): void;
  requested(request: SentRequest): void;
  /** It was closed; what it measured is no longer needed unless another one has the same host. */
  closed(host: string): void;
}

/** Measures each request until it is closed, except those that the fence did not send. */
export function measuredTransport(transport: Transport, metrics: TransportMetrics): Transport {
  const { host } = new URL(transport.server);
  let isOpen = true;
  metrics.opened(host);
  return {
    server: transport.server,
    async send(request) {
      const startedAt = performance.now();
      const record = (code: string) => {
        const seconds = (performance.now() - startedAt) / 1000;
        if (isOpen) metrics.requested({ method: request.method, host, code, seconds });
      };
      try {
        const response = await transport.send(request);
        record(String(response.statusCode));
        return response;
      } catch (error) {
        if (!(error instanceof NotLeaderError)) record(codeOf(error));
        throw error;
      }
    },
    close() {
      if (isOpen) metrics.closed(host);
      isOpen = false;
      return transport.close();
    },
  };
}

/** Statuses of a proxy or an API server that is starting, not of one that works. */
const unavailable = [502, 503, 504];

/** Learns from the outcome of each request whether the API server can be reached, and implements `onRecovery`. */
export function observedTransport(transport: Transport): Transport {
  const listeners = new Set<() => void>();
  let isReachable = true;

  function responded(): void {
    if (isReachable) return;
    isReachable = true;
    for (const listener of listeners) listener();
  }

  function failed(error: unknown): void {
    const isOutage = unavailable.some((status) => isStatus(error, status)) || error instanceof ConnectionError;
    if (isOutage) isReachable = false;
    else if (error instanceof KubernetesError) responded();
  }

  return {
    server: transport.server,
    async send(request) {
      try {
        const response = await transport.send(request);
        responded();
        return response;
      } catch (error) {
        failed(error);
        throw error;
      }
    },
    onRecovery(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => transport.close(),
  };
}

/**
 * Limits the time that this process spends on the lists and watches of an API server, so that one that sends without
 * end cannot take the time of health checks, leader election and other API servers.
 */
export function pacedTransport(transport: Transport): Transport {
  return { ...transport, pace: createPace() };
}

/** Sets a time limit for calls that have none of their own. */
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
