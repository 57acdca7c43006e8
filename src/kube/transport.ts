import type { RequestOptions } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, request as undiciRequest } from 'undici';
import { ConnectionError, errorFromAnswer } from './errors.ts';

/** How long a call may take in all, milliseconds. A watch is bounded by `idleTimeoutMs` instead. */
const callTimeoutMs = 30_000;
const connectTimeoutMs = 5_000;
/** How long credentials from files and exec plug-ins are used before they are looked at again, milliseconds. */
const credentialsMs = 10_000;
/** Bound of open connections; each running watch holds one. */
const connections = 32;

export interface TransportRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with query, from the root of the API server. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
  /** For a watch: the longest silence between two chunks, milliseconds. The call itself is then not bounded. */
  idleTimeoutMs?: number;
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
   */
  send(request: TransportRequest): Promise<Dispatcher.ResponseData>;
  close(): Promise<void>;
}

interface Credentials {
  tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
  headers: Record<string, string>;
  readAt: number;
}

/**
 * Opens the way to the API server of a kubeconfig.
 *
 * client-node's own HTTP library opens a TLS connection for each call; this one shares a pool. HTTP/2 stays off, since
 * undici's has no ping and so would not notice a dead connection. Credentials are read again every ten seconds and
 * after a 401, the pool is made anew when the TLS material changed.
 *
 * @param load gives the kubeconfig; called again after a 401, since the file may have been replaced
 */
export function createTransport(load: () => KubeConfig, userAgent: string): Transport {
  let kubeconfig = load();
  let credentials: Credentials | undefined;
  let agent: Agent | undefined;

  async function authenticate(): Promise<{ credentials: Credentials; agent: Agent }> {
    if (credentials && agent && Date.now() - credentials.readAt < credentialsMs) return { credentials, agent };
    const current = await readCredentials(kubeconfig);
    if (!agent || !isDeepStrictEqual(current.tls, credentials?.tls)) {
      void agent?.close();
      agent = createAgent(current);
    }
    credentials = current;
    return { credentials, agent };
  }

  function reload(): void {
    credentials = undefined;
    try {
      kubeconfig = load();
    } catch {
      // The file is being replaced: the kubeconfig that worked so far is kept for this attempt.
    }
  }

  async function attempt(request: TransportRequest): Promise<Dispatcher.ResponseData> {
    const authenticated = await authenticate();
    const headers = { 'user-agent': userAgent, ...request.headers, ...authenticated.credentials.headers };
    const watching = request.idleTimeoutMs !== undefined;
    return undiciRequest(serverOf(kubeconfig) + request.path, {
      method: request.method,
      headers,
      body: request.body ?? null,
      dispatcher: authenticated.agent,
      signal: boundSignal(request.signal, watching ? undefined : callTimeoutMs),
      headersTimeout: callTimeoutMs,
      bodyTimeout: request.idleTimeoutMs ?? callTimeoutMs,
    });
  }

  return {
    server: serverOf(kubeconfig),
    async send(request) {
      try {
        let answer = await attempt(request);
        if (answer.statusCode === 401) {
          await answer.body.dump();
          reload();
          answer = await attempt(request);
        }
        if (answer.statusCode < 400) return answer;
        throw await toError(request, answer);
      } catch (error) {
        throw asConnectionError(error, serverOf(kubeconfig), request.signal);
      }
    },
    async close() {
      await agent?.destroy();
    },
  };
}

function serverOf(kubeconfig: KubeConfig): string {
  return (kubeconfig.getCurrentCluster()?.server ?? '').replace(/\/$/, '');
}

async function readCredentials(kubeconfig: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = { headers: {} };
  await kubeconfig.applyToHTTPSOptions(options);
  const headers = { ...(options.headers as Record<string, string>) };
  if (options.auth) headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return { tls: { ca, cert, key, servername, rejectUnauthorized }, headers, readAt: Date.now() };
}

function createAgent({ tls }: Credentials): Agent {
  const material = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
  return new Agent({ connections, allowH2: false, connect: { timeout: connectTimeoutMs, ...material } });
}

function boundSignal(signal: AbortSignal | undefined, timeoutMs: number | undefined): AbortSignal | null {
  const signals = [signal, timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)];
  const present = signals.filter((one) => one !== undefined);
  return present.length === 0 ? null : AbortSignal.any(present);
}

async function toError(request: TransportRequest, answer: Dispatcher.ResponseData): Promise<Error> {
  const retryAfter = answer.headers['retry-after'];
  return errorFromAnswer(
    `${request.method} ${request.path.split('?')[0]}`,
    answer.statusCode,
    await answer.body.text(),
    typeof retryAfter === 'string' ? retryAfter : undefined,
  );
}

/** Gives our own errors and the caller's abort as they are, and everything else as "no answer". */
function asConnectionError(error: unknown, server: string, signal: AbortSignal | undefined): unknown {
  if (error instanceof Error && error.name === 'KubernetesError') return error;
  if (signal?.aborted) return error;
  return new ConnectionError(`no answer from the API server ${server}`, { cause: error });
}
