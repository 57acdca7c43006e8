import type { KubeConfig } from '@kubernetes/client-node';
import { type Dispatcher, request as undiciRequest } from 'undici';
import { errorFromAnswer, ResponseTooLongError, toConnectionError } from './errors.ts';
import { readText } from './response-body.ts';
import { createSessions, type Session } from './session.ts';

/** How long a call may take in all unless told otherwise, milliseconds. */
const defaultTimeoutMs = 30_000;
/** The longest metav1.Status that is read, bytes. */
const maxErrorBytes = 256 * 1024;

export interface TransportRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with query, from the root of the API server. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal | undefined;
  /** How long the call may take in all, milliseconds. Default: 30 seconds. A watch is bounded by `idleTimeoutMs` instead. */
  timeoutMs?: number;
  /** For a watch: the longest silence between two chunks, milliseconds. The call itself is then not bounded. */
  idleTimeoutMs?: number;
  /** Called when the request is about to be written, each time that it is. What it throws keeps it from being sent. */
  beforeSend?: () => void;
}

/** The way to one API server: one pool of connections, authenticated as its kubeconfig says. */
export interface Transport {
  /** URL of the API server, for messages. */
  readonly server: string;
  /**
   * Sends a request and gives the answer when its headers are there.
   *
   * @throws KubernetesError for a status of 400 or more
   * @throws ConnectionError when no answer came
   * @throws NotLeaderError when beforeSend does
   */
  send(request: TransportRequest): Promise<Dispatcher.ResponseData>;
  close(): Promise<void>;
}

/**
 * Opens the way to the API server of a kubeconfig.
 *
 * client-node's own HTTP library opens a TLS connection for each call; this one shares a pool (see `session.ts`). A
 * request that is answered 401 is sent once more, with credentials that are read anew.
 *
 * @param load gives the kubeconfig; called again after a 401, since the file may have been replaced
 */
export function createTransport(load: () => KubeConfig, userAgent: string): Transport {
  const sessions = createSessions(load);

  async function attempt(request: TransportRequest, session: Session): Promise<Dispatcher.ResponseData> {
    const watching = request.idleTimeoutMs !== undefined;
    const { beforeSend, timeoutMs = defaultTimeoutMs } = request;
    return undiciRequest(session.server + request.path, {
      method: request.method,
      headers: { 'user-agent': userAgent, ...request.headers, ...session.headers },
      body: request.body ?? null,
      dispatcher: beforeSend ? asking(session.pool, beforeSend) : session.pool,
      signal: boundSignal(request.signal, watching ? undefined : timeoutMs),
      headersTimeout: timeoutMs,
      bodyTimeout: request.idleTimeoutMs ?? timeoutMs,
    });
  }

  async function authenticated(request: TransportRequest): Promise<Dispatcher.ResponseData> {
    const session = await sessions.current();
    const answer = await attempt(request, session);
    if (answer.statusCode !== 401) return answer;
    await answer.body.dump();
    sessions.refuse(session);
    return attempt(request, await sessions.current());
  }

  return {
    server: sessions.server,
    async send(request) {
      try {
        const answer = await authenticated(request);
        if (answer.statusCode < 400) return answer;
        throw await toError(request, answer);
      } catch (error) {
        throw toConnectionError(error, sessions.server, request.signal);
      }
    },
    close: () => sessions.close(),
  };
}

/**
 * A dispatcher that asks when a request is about to be written to its socket. That may be long after it was given to the
 * pool: until a connection is open or free, and a process may be stopped in between.
 *
 * @param beforeSend what it throws keeps the request from being written, and is what the request fails with
 */
function asking(pool: Dispatcher, beforeSend: () => void): Dispatcher {
  return pool.compose((dispatch) => (options, handler) => {
    const inner: Dispatcher.DispatchHandler = {
      onRequestStart(controller, context) {
        beforeSend();
        handler.onRequestStart?.(controller, context);
      },
      onResponseStart: (...start) => handler.onResponseStart?.(...start),
      onResponseData: (...data) => handler.onResponseData?.(...data),
      onResponseEnd: (...end) => handler.onResponseEnd?.(...end),
      onResponseError: (...error) => handler.onResponseError?.(...error),
    };
    return dispatch(options, inner);
  });
}

function boundSignal(signal: AbortSignal | undefined, timeoutMs: number | undefined): AbortSignal | null {
  const signals = [signal, timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)];
  const present = signals.filter((one) => one !== undefined);
  return present.length === 0 ? null : AbortSignal.any(present);
}

/** One that is too long to be a Status is as if there were none: the HTTP status says enough. */
async function statusText({ body }: Dispatcher.ResponseData): Promise<string> {
  try {
    return await readText(body, maxErrorBytes);
  } catch (error) {
    if (error instanceof ResponseTooLongError) return '';
    throw error;
  }
}

async function toError(request: TransportRequest, answer: Dispatcher.ResponseData): Promise<Error> {
  const retryAfter = answer.headers['retry-after'];
  return errorFromAnswer(
    `${request.method} ${request.path.split('?')[0]}`,
    answer.statusCode,
    await statusText(answer),
    typeof retryAfter === 'string' ? retryAfter : undefined,
  );
}
