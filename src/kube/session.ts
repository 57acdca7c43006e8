import type { RequestOptions } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { KubeConfig } from '@kubernetes/client-node';
import { Pool } from 'undici';

const connectTimeoutMs = 5_000;
/** How long credentials from files and exec plug-ins are used before they are looked at again, milliseconds. */
const credentialsMs = 10_000;
/** Bound of open connections; each running watch holds one. */
const connections = 32;

/** What requests are sent with at one time. */
export interface Session {
  /** URL of the API server, without a slash at its end. */
  readonly server: string;
  /** Those that authenticate. */
  readonly headers: Readonly<Record<string, string>>;
  /** The connections. */
  readonly pool: Pool;
}

export interface Sessions {
  /** URL of the API server, for messages. */
  readonly server: string;
  /**
   * The session to send with now.
   *
   * @throws Error when a file of the kubeconfig cannot be read or its credential plug-in fails
   */
  current(): Promise<Session>;
  /**
   * Tells that the API server refused a session (401): the kubeconfig is loaded again, once for all requests that were
   * sent with the same session.
   */
  refuse(session: Session): void;
  /** Cuts everything off, also what is still under way with former credentials. */
  close(): Promise<void>;
}

type TlsMaterial = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;

interface Made extends Session {
  tls: TlsMaterial;
  /** Monotonic clock, milliseconds. */
  readAt: number;
}

/**
 * Keeps the sessions of a kubeconfig. Credentials are read again every ten seconds and after a 401. The pool is made
 * anew only when the TLS material changed; what is under way in the former one is not cut off.
 *
 * @param load gives the kubeconfig; called again after a 401, since the file may have been replaced
 */
export function createSessions(load: () => KubeConfig): Sessions {
  let kubeconfig = load();
  let latest: Made | undefined;
  let making: Promise<Session> | undefined;
  const pools = new Set<Pool>();

  async function make(): Promise<Session> {
    const server = serverOf(kubeconfig);
    const { tls, headers } = await readCredentials(kubeconfig);
    const former = latest;
    const keeps = former?.server === server && isDeepStrictEqual(tls, former.tls);
    const pool = keeps ? former.pool : createPool(server, tls);
    pools.add(pool);
    latest = { server, headers, pool, tls, readAt: performance.now() };
    if (former && !keeps) retire(former.pool);
    return latest;
  }

  /** Lets the requests under way finish. Not at once: who has just been given this session is about to send with it. */
  function retire(pool: Pool): void {
    setImmediate(() => pool.close().finally(() => pools.delete(pool)));
  }

  return {
    server: serverOf(kubeconfig),
    async current() {
      if (latest && performance.now() - latest.readAt < credentialsMs) return latest;
      making ??= make().finally(() => {
        making = undefined;
      });
      return making;
    },
    refuse(session) {
      if (!latest || session !== latest || latest.readAt === Number.NEGATIVE_INFINITY) return;
      latest.readAt = Number.NEGATIVE_INFINITY;
      try {
        kubeconfig = load();
      } catch {
        // The file is being replaced: the kubeconfig that worked so far is kept for this attempt.
      }
    },
    async close() {
      await Promise.all([...pools].map((pool) => pool.destroy()));
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
 * HTTP/2 stays off, since undici's has no ping and so would not notice a dead connection. A Pool, since an Agent forgets
 * at its close what is still under way, and could not destroy it later.
 */
function createPool(server: string, tls: TlsMaterial): Pool {
  const material = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
  const { origin } = new URL(server);
  return new Pool(origin, { connections, allowH2: false, connect: { timeout: connectTimeoutMs, ...material } });
}
