import type { RequestOptions } from 'node:https';
import { getCACertificates } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import type { KubeConfig } from '@kubernetes/client-node';
import { type Dispatcher, Pool, ProxyAgent } from 'undici';

const connectTimeoutMs = 5_000;
/** How long credentials from files and exec plug-ins are used before they are read again, milliseconds. */
const credentialsMs = 10_000;
/** Most open connections for calls. */
const maxCallConnections = 32;

/** The connections and credentials that requests are sent with until they are reloaded. */
export interface CredentialSession {
  /** URL of the API server, without a trailing slash. */
  readonly server: string;
  /** Headers with credentials. */
  readonly headers: Readonly<Record<string, string>>;
  readonly pools: Pools;
}

export interface Pools {
  readonly calls: Dispatcher;
  /**
   * Each watch uses a connection for minutes. Users can cause watches (blocking-secrets.ts), which must not use up the
   * connections of the calls.
   */
  readonly watches: Dispatcher;
}

export interface CredentialSessions {
  /** URL of the API server, for messages. */
  readonly server: string;
  /**
   * Reads the credentials if they are due, once for all callers that wait, and again for the next call if that fails.
   *
   * @returns the session to send with now
   * @throws Error if a file of the kubeconfig cannot be read, or its credential plug-in fails or takes too long
   */
  current(): Promise<CredentialSession>;
  /**
   * Reloads the kubeconfig after the API server rejected a session (401), once for all requests that were sent with the
   * same session.
   */
  reject(session: CredentialSession): void;
  /** Closes all connections immediately, including those with earlier credentials. */
  close(): Promise<void>;
}

type TlsMaterial = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;

interface CurrentSession extends CredentialSession {
  tls: TlsMaterial;
  proxy: string | undefined;
  /** When the credentials were read; monotonic clock, milliseconds. */
  readAt: number;
}

/**
 * Manages the session of a kubeconfig. Credentials are read again every ten seconds and after a 401. The connection
 * pools are replaced only if the TLS material changed; requests in flight then finish over the previous ones.
 *
 * @param load loads the kubeconfig; called again after a 401, since the file may have been replaced
 */
export function createCredentialSessions(load: () => KubeConfig): CredentialSessions {
  let kubeconfig = load();
  let latest: CurrentSession | undefined;
  let pending: Promise<CredentialSession> | undefined;
  const open = new Set<Dispatcher>();

  async function create(): Promise<CredentialSession> {
    const server = serverOf(kubeconfig);
    const { tls, headers } = await readCredentials(kubeconfig);
    const previous = latest;
    const proxy = kubeconfig.getCurrentCluster()?.proxyUrl || undefined;
    const isSame = previous?.server === server && previous.proxy === proxy;
    const keepsPools = isSame && isDeepStrictEqual(tls, previous.tls);
    const pools = keepsPools ? previous.pools : createPools(server, tls, proxy);
    for (const pool of Object.values(pools)) open.add(pool);
    latest = { server, headers, pools, tls, proxy, readAt: performance.now() };
    if (previous && !keepsPools) for (const pool of Object.values(previous.pools)) retire(pool);
    return latest;
  }

  /** Closes a pool when its requests have finished. Not immediately: a caller may be about to send with its session. */
  function retire(pool: Dispatcher): void {
    setImmediate(async () => {
      // Closing fails only if `close` has destroyed the pool since.
      await pool.close().catch(() => undefined);
      open.delete(pool);
    });
  }

  return {
    server: serverOf(kubeconfig),
    async current() {
      if (latest && performance.now() - latest.readAt < credentialsMs) return latest;
      pending ??= create().finally(() => {
        pending = undefined;
      });
      return pending;
    },
    reject(session) {
      if (!latest || session !== latest || latest.readAt === Number.NEGATIVE_INFINITY) return;
      latest.readAt = Number.NEGATIVE_INFINITY;
      try {
        kubeconfig = load();
      } catch {
        // The file is being replaced: the previous kubeconfig is kept for this attempt.
      }
    },
    async close() {
      await Promise.all([...open].map((pool) => pool.destroy()));
    },
  };
}

function serverOf(kubeconfig: KubeConfig): string {
  return (kubeconfig.getCurrentCluster()?.server ?? '').replace(/\/$/, '');
}

async function readCredentials(kubeconfig: KubeConfig): Promise<{ tls: TlsMaterial; headers: Record<string, string> }> {
  const options: RequestOptions = { headers: {} };
  await kubeconfig.applyToHTTPSOptions(options);
  const headers = { ...(options.headers as Record<string, string>) };
  if (options.auth) headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return { tls: { ca, cert, key, servername, rejectUnauthorized }, headers };
}

/**
 * HTTP/2 is off, because undici sends no pings and would not detect a dead connection. A Pool and not an Agent, because
 * an Agent cannot destroy requests that are still in flight after it was closed. The agent of a proxy cannot either.
 */
function createPools(server: string, tls: TlsMaterial, proxy: string | undefined): Pools {
  const material = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
  const { origin } = new URL(server);
  const timeout = connectTimeoutMs;
  const connect = { timeout, ...material };
  const proxyTls = { timeout, allowH2: false, ...(/^https:/i.test(proxy ?? '') && materialOfProxy(tls)) };
  const open = (limit: { connections?: number }) =>
    proxy === undefined
      ? new Pool(origin, { ...limit, allowH2: false, connect })
      : new ProxyAgent({
          ...limit,
          uri: proxy,
          proxyTls,
          requestTls: { ...connect, allowH2: false },
          // The proxy must also answer in time; the default is minutes.
          clientFactory: (url, options) => new Pool(url, { ...options, headersTimeout: timeout }),
        });
  return { calls: open({ connections: maxCallConnections }), watches: open({}) };
}

/** As in kubectl, a proxy may have a certificate of the cluster's CA. It does not get the client certificate. */
function materialOfProxy({ ca, rejectUnauthorized }: TlsMaterial): TlsMaterial {
  return {
    ...(ca && { ca: [...getCACertificates('default'), ca].flat() }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}
