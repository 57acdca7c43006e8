import type { KubeConfig } from '@kubernetes/client-node';
import { type Dispatcher, request as undiciRequest } from 'undici';
import { errorFromResponse, ResponseTooLongError, toConnectionError } from './errors.ts';
import type { Pace } from './pace.ts';
import { readText } from './response-body.ts';
import { unlessAborted } from './time.ts';
import { type CredentialSession, createCredentialSessions } from './transport-session.ts';

/** Default time limit of a call, milliseconds. */
const defaultTimeoutMs = 30_000;
/** Longest metav1.Status that is read, bytes. */
const maxErrorBytes = 256 * 1024;

export interface TransportRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with query, from the root of the API server. */
  path: string;
  headers?: Record<string, string | string[]>;
  body?: string;
  signal?: AbortSignal | undefined;
  /** Time limit of the call, milliseconds; 0 for none. Default: 30 seconds. Not used for a watch, see `idleTimeoutMs`. */
  timeoutMs?: number;
  /** For a watch: longest time between two chunks, milliseconds. The call itself then has no time limit. */
  idleTimeoutMs?: number;
  /** Called immediately before each time that the request is written. If it throws, the request is not sent. */
  beforeSend?: () => void;
  /** Called for each piece of the body when it arrives, even if the body is not read yet. */
  received?: () => void;
}

/** Sends requests to one API server, over shared connections, with the credentials of a kubeconfig. */
export interface Transport {
  /** URL of the API server, for messages. */
  readonly server: string;
  /**
   * Sends a request.
   *
   * @returns the response when its headers have arrived
   * @throws KubernetesError for a status of 400 or more
   * @throws ConnectionError without a response
   * @throws NotLeaderError if beforeSend throws it
   */
  send(request: TransportRequest): Promise<Dispatcher.ResponseData>;
  /**
   * Calls the listener when the API server responds again after it could not be reached, see `observedTransport`.
   *
   * @returns a function that unsubscribes it
   */
  onRecovery?(listener: () => void): () => void;
  /** Limits the time that lists and watches of this API server take. Default: no limit. */
  readonly pace?: Pace;
  close(): Promise<void>;
}

export interface TransportOptions {
  /**
   * Errors have the whole text of the API server, which repeats invalid values. For programs whose user has entered the
   * values and that send no Secrets. Default: false.
   */
  repeatsValues?: boolean;
  /**
   * Whether a 401 reloads the kubeconfig and sends the request again. Not if each request has the token of a user, because
   * it would only be rejected again. Default: true.
   */
  reloadsCredentials?: boolean;
}

/**
 * Creates a transport to the API server of a kubeconfig.
 *
 * client-node's own HTTP library opens a TLS connection for each call; this one shares pools (see
 * `transport-session.ts`). After a 401 the request is sent once more with reloaded credentials.
 *
 * @param load loads the kubeconfig; called again after a 401, since the file may have been replaced
 */
export function createTransport(load: () => KubeConfig, userAgent: string, options: TransportOptions = {}): Transport {
  const sessions = createCredentialSessions(load);
  const { reloadsCredentials = true } = options;

  async function attempt(request: TransportRequest, session: CredentialSession): Promise<Dispatcher.ResponseData> {
    const watching = request.idleTimeoutMs !== undefined;
    const { timeoutMs = defaultTimeoutMs } = request;
    const pool = watching ? session.pools.watches : session.pools.calls;
    const signal = boundSignal(request.signal, watching || timeoutMs === 0 ? undefined : timeoutMs);
    const response = undiciRequest(session.server + request.path, {
      method: request.method,
      headers: { 'user-agent': userAgent, ...request.headers, ...session.headers },
      body: request.body ?? null,
      dispatcher: request.beforeSend || request.received ? observed(pool, request) : pool,
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout: request.idleTimeoutMs ?? timeoutMs,
    });
    // undici notices its signal only when the request has a connection. It then ends the request, or the body that arrived.
    return signal ? unlessAborted(response, signal) : response;
  }

  /** Other requests may wait for the same credential plug-in, so it keeps running when one of them is aborted. */
  async function currentSession({ signal }: TransportRequest): Promise<CredentialSession> {
    return signal ? unlessAborted(sessions.current(), signal) : sessions.current();
  }

  async function authenticated(request: TransportRequest): Promise<Dispatcher.ResponseData> {
    const session = await currentSession(request);
    const response = await attempt(request, session);
    if (response.statusCode !== 401 || !reloadsCredentials) return response;
    await response.body.dump();
    sessions.reject(session);
    return attempt(request, await currentSession(request));
  }

  return {
    server: sessions.server,
    async send(request) {
      try {
        const response = await authenticated(request);
        if (response.statusCode < 400) return response;
        throw await toError(request, response, options);
      } catch (error) {
        throw toConnectionError(error, sessions.server, request.signal);
      }
    },
    close: () => sessions.close(),
  };
}

/**
 * Calls the functions of a request. The first is called when the request is about to be written to its socket. That may be
 * long after it was passed to the pool, which waits for a connection; the process may be stopped in between.
 *
 * @param request if its beforeSend throws, it is not written and fails with that error
 */
function observed(pool: Dispatcher, { beforeSend, received }: TransportRequest): Dispatcher {
  return pool.compose((dispatch) => (options, handler) => {
    const inner: Dispatcher.DispatchHandler = {
      onRequestStart(controller, context) {
        beforeSend?.();
        handler.onRequestStart?.(controller, context);
      },
      onResponseStart: (...start) => handler.onResponseStart?.(...start),
      onResponseData(...data) {
        received?.();
        handler.onResponseData?.(...data);
      },
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

/** @returns the body, or an empty text if it is too long to be a metav1.Status: the HTTP status is enough */
async function statusText({ body }: Dispatcher.ResponseData): Promise<string> {
  try {
    return await readText(body, maxErrorBytes);
  } catch (error) {
    if (error instanceof ResponseTooLongError) return '';
    throw error;
  }
}

async function toError(
  request: TransportRequest,
  response: Dispatcher.ResponseData,
  { repeatsValues }: TransportOptions,
): Promise<Error> {
  const retryAfter = response.headers['retry-after'];
  return errorFromResponse(`${request.method} ${request.path.split('?')[0]}`, {
    status: response.statusCode,
    body: await statusText(response),
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
    sent: request.body,
    repeatsValues,
  });
}
