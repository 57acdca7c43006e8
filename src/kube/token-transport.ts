import { KubeConfig } from '@kubernetes/client-node';
import { createTransport, type Transport } from './transport.ts';

/** Transports to one API server with the tokens of users. */
export interface TokenTransports {
  /** Creates a transport whose only credential is this token, so requests have the permissions of its user. */
  transportFor(token: string): Transport;
  close(): Promise<void>;
}

/**
 * Creates transports to the API server of a kubeconfig without its credentials, because a client certificate of the
 * operator would take precedence over a token. All of them share connections.
 *
 * @param load loads the kubeconfig; only its cluster is used
 */
export function createTokenTransports(load: () => KubeConfig, userAgent: string): TokenTransports {
  const shared = createTransport(() => withoutUser(load()), userAgent, { reloadsCredentials: false });
  return {
    transportFor: (token) => ({
      server: shared.server,
      send: (request) => shared.send({ ...request, headers: { ...request.headers, Authorization: `Bearer ${token}` } }),
      // The connections are shared.
      close: async () => undefined,
    }),
    close: () => shared.close(),
  };
}

function withoutUser(kubeconfig: KubeConfig): KubeConfig {
  const bare = new KubeConfig();
  const cluster = kubeconfig.getCurrentCluster();
  if (cluster) bare.loadFromClusterAndUser(cluster, { name: 'anonymous' });
  return bare;
}
